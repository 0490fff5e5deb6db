import type en from '../en/clone';
import type { Translated } from '../types';

export default {
  title: '克隆“{name}”',
  description: '创建一台磁盘和设置都相同的新虚拟机。',
  defaultName: '{name} 副本',
  name: '名称',
  source: '克隆的内容',
  present: '当前状态',
  running: '虚拟机正在运行，只能克隆它的快照。',
  kind: '磁盘',
  full: {
    title: '完整克隆',
    hint: '拥有自己的磁盘。',
    hintSize: '拥有自己的磁盘，约 {size}。',
  },
  linked: {
    title: '链接克隆',
    hint: '立即完成，几乎不占空间：两者共有的内容只存一份。',
    hintSnapshot: '立即完成，几乎不占空间：两者共有的内容只存一份。会先拍摄一个快照。',
    otherDrive: '无法使用：此虚拟机与新虚拟机不在同一个驱动器上，或该驱动器不能共享文件。',
    noDisk: '无法使用：此虚拟机没有磁盘。',
  },
  snapshots: '包含所有快照',
  snapshotsHint: '用于对当前状态的完整克隆。',
  addresses: '保留网络地址',
  addressesHint: '仅用于替代原虚拟机：两者不能在同一网络中运行。',
  note: {
    tpm: 'TPM 连同其中的内容一起复制：本应唯一的密钥将存在两份。',
    saved: '已保存的状态留在原虚拟机：克隆会像断电后那样启动。',
    memory:
      '有 {count} 个快照带有内存，只适用于相同的网络地址：在克隆中它只有磁盘。 | 有 {count} 个快照带有内存，只适用于相同的网络地址：在克隆中它们只有磁盘。',
  },
  noSpace: '空间不足：还差 {missing}，目前可用 {free}。',
  confirm: '克隆',
  done: '“{name}”已就绪',
  action: {
    clone: '克隆…',
    template: '设为模板',
    ordinary: '恢复为普通虚拟机',
    fromTemplate: '从模板新建虚拟机…',
  },
  template: '模板',
  templateHint: '用来创建虚拟机；它本身不会启动。',
  origin: { full: '克隆自“{name}”', linked: '“{name}”的链接克隆' },
  sharing: {
    title: '共享磁盘映像',
    kept: '它的磁盘映像与以下虚拟机共享：{names}。它们会保留这些映像并继续正常工作。',
    unknown: '无法确定哪些虚拟机共享它的磁盘映像：{reason}',
  },
} satisfies Translated<typeof en>;
