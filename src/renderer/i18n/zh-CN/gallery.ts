import type en from '../en/gallery';
import type { Translated } from '../types';

export default {
  description: '可用来创建虚拟机的系统：本机已有的、可下载的，或在发布者网站上的。',
  search: '搜索系统库',
  noMatch: '系统库中没有匹配项',
  bits: '{architecture}，{bits} 位',
  create: '创建虚拟机',
  download: '下载',
  resume: '继续下载（已有 {size}）',
  getFromPublisher: '从发布者获取',
  openPage: '打开 {name} 的网页',
  unavailable: '此处不可用',
} satisfies Translated<typeof en>;
