import type { gallery as english } from '../gallery';

export const gallery: Record<keyof typeof english, string> = {
  noSystem: '系统库中没有系统“{id}”。',
  unreadable: '无法读取系统列表 {path}。',
  unreadableHint: '它是程序的一部分：请重新安装程序。',
  cancelled: '下载已取消。',
  pageOnly: '{name} 只能从其发布者的页面获取。',
  pageOnlyHint: '请打开 {page}，下载映像，然后在“新建虚拟机”中选择它。',
  busy: '{name} 已在下载。',
  noDownload: '{name} 不是可下载的项目。',
  notNamed: '发布者的列表 {url} 中已没有合适的文件。',
  notNamedHint: '请打开 {page} 并从那里下载。',
  noList: '{url} 不是校验和列表。',
  noFileName: '地址 {url} 的末尾不是文件名。',
};
