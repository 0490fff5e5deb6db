import type { fileAction as english } from '../file-action';

export const fileAction: Record<keyof typeof english, string> = {
  close: '关闭',
  create: '创建',
  examine: '检查',
  flush: '同步',
  move: '移动',
  open: '打开',
  prepare: '准备',
  read: '读取',
  remove: '删除',
  rename: '重命名',
  resize: '调整大小：',
  tidyUp: '清理',
  write: '写入',
};
