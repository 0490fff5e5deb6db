import type en from '../en/library';
import type { Translated } from '../types';

export default {
  machines: '虚拟机',
  toolbar: '对所选虚拟机的操作',
  more: '更多操作',
  search: '搜索',
  selected: '已选择 {count} 台',
  view: { label: '视图', cards: '卡片', list: '列表' },
  action: {
    start: '启动',
    restore: '恢复运行',
    openConsole: '打开控制台',
    pause: '暂停',
    resume: '继续',
    reset: '重置',
    powerButton: '关机',
    powerOff: '切断电源',
    save: '保存状态',
    discardSavedState: '丢弃保存的状态',
    takeSnapshot: '创建快照…',
    snapshots: '快照',
    settings: '设置',
    rename: '重命名',
    showInFolder: '在文件夹中显示',
    rescan: '重新检查',
    delete: '删除',
    forget: '从列表中移除',
  },
  popupBlocked: '浏览器阻止了控制台窗口。请允许此页面弹出窗口。',
  quick: { start: '启动并打开控制台', openConsole: '打开控制台' },
  empty: {
    title: '培育你的第一台虚拟机',
    description: '虚拟机是这台计算机里的一台完整的计算机。有三种方式可以开始。',
    gallery: {
      title: '从系统库开始',
      description: '选择一个可以直接运行或可供下载的系统。',
    },
    image: {
      title: '使用自己的映像',
      description: '你已有的 CD、DVD、软盘或硬盘映像。',
    },
    folder: {
      title: '打开虚拟机',
      description: '添加以前创建的虚拟机的文件夹，文件夹保持原位。',
    },
    drop: '也可以把映像文件拖放到窗口的任意位置。',
  },
  noMatch: { title: '没有匹配的虚拟机', description: '没有找到与“{search}”匹配的内容。' },
  drop: { hint: '松开以用此映像创建虚拟机', uploading: '正在上传“{name}”：{share}' },
  rename: {
    label: '虚拟机名称',
    empty: '虚拟机需要一个名称。',
    'too-long': '最多 64 个字符。',
    'control-character': '名称中包含不可见的字符。',
    taken: '已有同名的虚拟机。',
  },
  ask: {
    powerOff: {
      title: '切断“{name}”的电源？ | 切断 {count} 台虚拟机的电源？',
      message: '这如同拔掉电源：其中未保存的内容会丢失。',
    },
    reset: {
      title: '重置“{name}”？ | 重置 {count} 台虚拟机？',
      message: '它会立即重新启动：其中未保存的内容会丢失。',
    },
    discardSavedState: {
      title: '丢弃“{name}”保存的状态？ | 丢弃 {count} 个保存的状态？',
      message: '内存中的内容会丢失，磁盘保持不变。下次启动将重新引导。',
    },
    forget: {
      title: '从列表中移除“{name}”？ | 从列表中移除 {count} 台虚拟机？',
      message: '不会删除任何内容：文件夹保持原位。',
    },
  },
  delete: {
    title: '删除“{name}”？ | 删除 {count} 台虚拟机？',
    message: '涉及以下文件夹。 | 涉及以下文件夹。',
    trash: '移到回收站',
    trashHint: '连同其磁盘。清空回收站之前可以恢复。',
    erase: '永久删除',
    eraseHint: '文件夹及其中所有磁盘和保存的状态都会消失，并释放空间。',
    forget: '仅从列表中移除',
    forgetHint: '文件夹保持原位并继续占用空间，可以再次打开。',
  },
} satisfies Translated<typeof en>;
