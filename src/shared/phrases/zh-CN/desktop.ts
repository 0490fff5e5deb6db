import type { desktop as english } from '../desktop';

export const desktop: Record<keyof typeof english, string> = {
  thisProgram: '虚拟机在此程序中运行，会随它一起结束。',
  upToSystem: '此处由系统决定。',
  noFileManager: '此处没有文件管理器。',
  noDialogs: '此处没有系统对话框。',
  openYourself: '请自行打开：{page}',
  notSelfUpdating: '此 Vivarium 不会自行更新。',
  noDownloaded: '尚未下载新版本。',
  unreachable: '目前无法连接 Vivarium。',
  connectionLost: '无法建立与 Vivarium 的连接，或连接已断开。',
  processGone: '与另一个进程的连接已关闭。',
  closing: 'Vivarium 正在关闭。',
  backgroundSilent: '后台程序没有应答。',
  noReply: '“{name}”未在 {limit} 毫秒内得到应答。',
  pageConsole: '此处由页面自行打开控制台。',
};
