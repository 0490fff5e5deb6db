import type { device as english } from '../device';

export const device: Record<keyof typeof english, string> = {
  noDrive: '此虚拟机没有驱动器“{drive}”。',
  noCard: '此虚拟机没有网卡“{card}”。',
  noImage: '磁盘“{disk}”没有映像。',
  noPlace: '不知道磁盘“{disk}”位于何处。',
  noKey: '没有按键“{key}”。',
  notConfigured: '配置中没有“{device}”。',
  isThere: '此虚拟机已有“{device}”。',
  isMissing: '此虚拟机没有{what}“{device}”。',
  memoryFixed: '此虚拟机的引擎无法在运行时更改内存大小。',
  onlyOff: '此引擎只能在虚拟机关机时添加和移除设备。',
  noBalloon: '此虚拟机没有内存气球。',
  noBalloonHint: '当客户机是带有该驱动程序的 Linux 或 BSD 系统时，虚拟机才会有内存气球。',
  noLiveBus: 'QEMU 无法在虚拟机运行时连接 {bus} 磁盘。',
  noLiveBusHint: '请选择其他总线，或先关闭虚拟机电源。',
  bootCd: '无法在运行时更换此虚拟机启动所用的光盘：其固件将它作为磁盘读取。',
  diskKind: '磁盘',
  cardKind: '网卡',
};
