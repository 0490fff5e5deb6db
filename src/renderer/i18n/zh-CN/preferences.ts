import type en from '../en/preferences';
import type { Translated } from '../types';

export default {
  description: '适用于本机 Vivarium 的所有窗口。',
  theme: '主题',
  themeValue: { system: '跟随系统', light: '浅色', dark: '深色' },
  language: '语言',
  systemLanguage: '跟随系统',
  libraryView: '虚拟机显示为',
} satisfies Translated<typeof en>;
