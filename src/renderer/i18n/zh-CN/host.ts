import type en from '../en/host';
import type { Translated } from '../types';

export default {
  description: '本机能为虚拟机提供什么，以及缺少什么。',
  refresh: '重新检查',
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
  fact: {
    firmware: '内置引擎的固件',
    display: '显示器',
    'data-folder': '数据文件夹',
    'disk-space': '可用磁盘空间',
  },
  factDetail: {
    firmware: { ok: 'SeaBIOS 及其 VGA BIOS 均已具备。' },
    'starter-linux': { ok: '映像已就绪。', missing: '映像尚未构建。' },
    qemu: { missing: '未找到。它不是必需的：内置引擎无需它即可运行。' },
    'qemu-img': { missing: '未找到。运行虚拟机不需要它。' },
    display: {
      ok: '可以显示窗口。',
      warning: '没有显示器：只能使用浏览器模式。',
    },
  },
  selftest: {
    title: '自检',
    description: '在每个引擎上启动 Starter Linux，并向其 shell 提问。',
    run: '运行',
    passed: '自检通过。',
    failed: '失败',
    time: '{seconds} 秒后 shell 就绪',
  },
} satisfies Translated<typeof en>;
