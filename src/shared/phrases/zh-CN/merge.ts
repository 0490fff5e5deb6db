import type { merge as english } from '../merge';

export const merge: Record<keyof typeof english, string> = {
  whenOff: '已删除快照留下的内容会在虚拟机关闭后合并。',
  noHeaderPlace: '{path} 的文件头中没有位置可以写入它所基于的另一个映像的名称。',
  notBasedOn: '{path} 并不基于 {below}。',
  ended: '磁盘合并已中止。',
  machineEnded: '虚拟机已结束运行。',
  underway: '“{disk}”的映像正在合并。',
  engineCannot: '此引擎无法在虚拟机运行时合并映像。',
  imageCannot: '无法向“{disk}”的映像合并任何内容。',
  noDisk: '此虚拟机没有磁盘“{disk}”。',
  qemuNotWritten: 'QEMU 尚未把接管的内容写入 {path}。',
  qemuFailed: 'QEMU 无法合并磁盘的映像。',
  littleRoom: '空间太少，无法在虚拟机运行时合并磁盘。',
  otherFolder: '{image} 基于另一个文件夹中的映像。',
  badNote: '无法读取正在合并的磁盘的记录：{path}',
  badNoteHint: '未作任何更改。删除该文件即可继续；可能会留下无人需要的映像。',
};
