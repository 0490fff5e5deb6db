import type { memory as english } from '../memory';

export const memory: Record<keyof typeof english, string> = {
  newer: '{path} 中的内存使用较新的格式 {version}。',
  zstd: '此保存的状态使用 Zstandard 压缩，而当前的 Node 不支持它。',
  zstdHint: '请使用 Node 22.15 或更高版本。',
  damaged: '保存的状态 {path} 已损坏：{what}。',
  stateNewer: '保存的状态 {path} 使用较新的格式 {version}。',
  noMemory: '内存不足以容纳 {size} 字节的保存状态。',
  otherDisk: '保存的状态中“{device}”有 {size} 字节，而现在有 {found} 字节。',
  otherDiskHint: '请放回保存状态时虚拟机所用的映像。',
  v86Cannot: '内置引擎无法从此保存的状态继续。',
  qemuCannot: 'QEMU 无法从此保存的状态继续。',
  qemuStopped: 'QEMU 停止了加载保存的状态。',
  qemuSystem: '在此系统上无法保存 QEMU 虚拟机的内存。',
  qemuFailed: 'QEMU 未能保存虚拟机的状态。',
  qemuRefuses: 'QEMU 无法保存虚拟机的状态。',
  noMaker: '保存的状态未说明由什么程序创建。',
  notQemu: '保存的状态的开头不像 QEMU 的状态。',
  unfinished: 'QEMU 没有完成状态的保存。',
};
