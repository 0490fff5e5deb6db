import type en from '../en/common';
import type { Translated } from '../types';

export default {
  memoryConcern: {
    uefi: '使用 UEFI 时，系统至少需要 {wanted} 内存。内存不足时，屏幕可能一直不变，也没有任何提示。',
    host: '本机有 {host} 内存。内存更大的虚拟机会使本机变慢，或者无法启动。',
  },
  action: {
    cancel: '取消',
    retry: '重试',
    back: '返回',
    choose: '选择',
    save: '保存',
    details: '详细信息',
  },
  state: {
    off: '已关机',
    starting: '正在启动',
    running: '运行中',
    paused: '已暂停',
    stopping: '正在停止',
    saving: '正在保存',
    saved: '已保存',
    restoring: '正在恢复',
    aborted: '已中止',
    inaccessible: '无法访问',
  },
  connection: {
    lost: '与 Vivarium 的连接已断开，正在重试…',
    restored: '连接已恢复。',
  },
  loading: '正在加载…',
  notifications: '通知',
  unknown: '未知',
  otherSystem: '其他系统',
} satisfies Translated<typeof en>;
