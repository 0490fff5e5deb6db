import type en from '../en/app';
import type { Translated } from '../types';

export default {
  main: '页面',
  navigation: '导航',
  newMachine: '新建虚拟机',
  nav: {
    library: '虚拟机',
    gallery: '系统库',
    host: '本机',
    preferences: '偏好设置',
  },
  stateChanged: '{name}：{state}',
  jobs: { title: '正在进行' },
  quit: {
    title: '退出 Vivarium？',
    message: '有一台虚拟机正在运行。 | 有 {count} 台虚拟机正在运行。',
    leave: '保持运行',
    leaveHint: '它们在后台运行，关闭此窗口后仍会继续，直到自行结束或被关闭。',
    save: '保存状态',
    saveHint: '下次会从当前位置继续运行。',
    cannotSave: '{name}：无法保存，将被直接关闭',
    shutdown: '关机',
    shutdownHint: '按下电源按钮，等待其中的系统关闭。',
    powerOff: '切断电源',
    powerOffHint: '如同拔掉电源：其中未保存的内容会丢失。',
  },
} satisfies Translated<typeof en>;
