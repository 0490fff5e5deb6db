import type en from '../en/updates';
import type { Translated } from '../types';

export default {
  title: '更新',
  here: 'Vivarium {version}',
  check: '检查更新',
  checking: '正在查找新版本……',
  current: '已是最新版本。',
  available: '有新版本 Vivarium {version}。',
  download: '下载',
  downloading: '正在下载 Vivarium {version}',
  cancel: '取消下载',
  ready: 'Vivarium {version} 已下载。',
  readyHint: 'Vivarium 退出时安装。如果有虚拟机正在运行，会先询问如何处理。',
  install: '重新启动并安装',
  by: {
    itself: 'Vivarium 仅在您要求时查找新版本。',
    'package-manager': '新版本随系统更新一起提供。',
    hand: '新版本在您获取此版本的页面上。请解压并替换此文件夹。',
    nobody: '此 Vivarium 不是正式发布的版本，不知道有无新版本。',
  },
} satisfies Translated<typeof en>;
