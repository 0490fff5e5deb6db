import type { medium as english } from '../medium';

export const medium: Record<keyof typeof english, string> = {
  folder: '{path} 是文件夹，不是映像文件。',
  device: '{path} 是设备，不是映像文件。',
  notImage: '{path} 不是映像文件。',
  shorter: '映像自称有 {size} 字节，但文件只有 {found} 字节（{percent}%）。',
  notBootable: '虚拟机无法从此{what}启动：它没有引导记录。',
  dataDiskHint: '它仍可用作数据盘，或用来安装系统。',
  insertHint: '仍可将它插入从其他介质启动的虚拟机。',
  wrapped: '这是 {format}，本身不是映像。',
  floppyShorter: '软盘自称有 {size} 字节，但文件只有 {found} 字节。',
  notUsable: '无法使用此映像：{path}',
  noImageFile: '这不是映像文件：{path}',
  nothing: '此文件是空的：{path}',
  floppyTooBig: '{size} 字节的映像放不进软盘，软盘最多 {most} 字节。',
  cdrom: '光盘',
  disk: '磁盘',
  floppy: '软盘',
};
