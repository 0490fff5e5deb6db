import type en from '../en/preferences';
import type { Translated } from '../types';

export default {
  description: '适用于本机 Vivarium 的所有窗口。',
  theme: '主题',
  themeValue: { system: '跟随系统', light: '浅色', dark: '深色' },
  language: '语言',
  systemLanguage: '跟随系统',
  libraryView: '虚拟机显示为',
  qemu: {
    title: 'QEMU 文件夹',
    hint: '最先在此查找，然后依次是搜索路径（PATH）、常用位置，以及随 Vivarium 提供的版本。',
    none: '未选择',
    choose: '选择…',
    clear: '不选择',
    checking: '正在检查…',
    found: '适用于 {architecture} 的 QEMU {version}',
    used: '新建的虚拟机以及此后启动的虚拟机将使用它。',
    cleared: '将重新在其他位置查找 QEMU。',
  },
} satisfies Translated<typeof en>;
