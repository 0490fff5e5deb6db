import type { clone as english } from '../clone';

export const clone: Record<keyof typeof english, string> = {
  notShareable: '无法在这两个文件夹之间共享映像。',
  notShareableHint: '它们位于不同的驱动器上，或所在驱动器不支持硬链接。请创建完整克隆。',
  notClosed: '此映像未正常关闭：{image}',
  notClosedHint: '请先关闭虚拟机电源，或创建完整克隆。',
  wholePath: '此映像以完整路径引用其基础映像：{image}',
  wholePathHint: '请创建不带快照的完整克隆：其每个磁盘只有一个映像。',
  allSnapshots: '只有当前状态的完整克隆才能包含所有快照。',
  noDisk: '“{name}”没有可共享的磁盘。',
  fullHint: '请创建完整克隆。',
  outsideHint: '请先将该映像放入虚拟机的“disks”文件夹。',
  outside: '有磁盘基于虚拟机之外的映像：{image}',
  changed: '此快照的磁盘已不是原来的内容：{path}',
  changedHint: '请检查磁盘，并克隆其他快照或当前状态。',
  template: '“{name}”是模板，不能启动。',
  templateHint: '请用它新建虚拟机，或先将其改为普通虚拟机。',
};
