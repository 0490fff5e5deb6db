import type en from '../en/host';
import type { Translated } from '../types';

export default {
  description: '本机能为虚拟机提供什么，以及缺少什么。',
  refresh: '重新检查',
  looked: '已重新检查本机。',
  qemuFolder: '选择 QEMU 文件夹',
  about: '关于',
  os: '操作系统',
  cpu: '处理器',
  cpuValue: '{cpu}，{cores} 核',
  memory: '内存',
  memoryValue: '{total}，可用 {free}',
  dataFolder: '数据文件夹',
  freeSpace: '该处可用空间',
  shell: '显示方式',
  shellValue: { electron: '独立窗口', browser: '浏览器' },
  engines: '引擎',
  available: '可用',
  unavailable: '不可用',
  engineSummary: '{architectures}；最高 {bits} 位，{memory} 内存',
  facts: '能力',
  status: { ok: '具备', missing: '缺少', warning: '注意' },
  selftest: {
    title: '自检',
    description: '在每个引擎上启动 Starter Linux，并向其 shell 提问。',
    run: '运行',
    passed: '自检通过。',
    failed: '失败',
    time: '{seconds} 秒后 shell 就绪',
  },
} satisfies Translated<typeof en>;
