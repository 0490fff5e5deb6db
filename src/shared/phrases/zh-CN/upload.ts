import type { upload as english } from '../upload';

export const upload: Record<keyof typeof english, string> = {
  noSpace: '可用空间不足以存放“{name}”。',
  interrupted: '“{name}”的上传已中断。',
  failed: '无法存储“{name}”：{reason}',
  refused: '上传被拒绝（{status}）。',
  notAFile: '“{name}”不是本机上的文件。',
  inUse: '有虚拟机正在使用该映像，因此保留：{path}',
  notOurs: '这不是上传到此处的映像：{path}',
};
