import type { selftest as english } from '../selftest';

export const selftest: Record<keyof typeof english, string> = {
  endedEarly: '虚拟机在其 shell 应答之前就结束了。',
  noShell: '客户机的 shell 未及时应答。',
  noCards: '“{engine}”没有网卡。',
  notInTime: '客户机未及时获得 {what}。',
  noStarter: '没有自检所启动的 Starter Linux。',
  noDisk: '客户机看不到其磁盘。',
  noEngine: '此处无法使用引擎“{engine}”。',
  starterNeeded: '没有所需的 Starter Linux。',
  serialClosed: '串口已关闭。',
  noMachine: '没有创建虚拟机。',
  address: '地址',
  forwardAnswer: '端口转发的应答',
};
