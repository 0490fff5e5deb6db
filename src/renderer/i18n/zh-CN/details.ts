import type en from '../en/details';
import type { Translated } from '../types';

export default {
  label: '详细信息',
  nothing: '选择一台虚拟机以查看其信息和活动。',
  openExisting: '打开已有的虚拟机…',
  guest: '系统',
  engine: '引擎',
  memory: '内存',
  cpus: '处理器',
  network: '网络',
  lease: '有效至 {time}，除非再次续约',
  disks: '磁盘',
  folder: '文件夹',
  none: '无',
  drives: '驱动器',
  drive: { cdrom: '光驱 {number}', floppy: '软驱 {number}' },
  emptyDrive: '{drive}：空',
  insert: '向{drive}插入介质',
  eject: '从{drive}弹出',
  log: '日志',
  emptyLog: '尚无日志。',
  statistics: {
    title: '资源占用',
    cpu: 'CPU（单核占比）',
    memory: '进程内存',
    diskRead: '磁盘读取',
    diskWrite: '磁盘写入',
    netReceive: '网络接收',
    netSend: '网络发送',
    addresses: '地址',
  },
} satisfies Translated<typeof en>;
