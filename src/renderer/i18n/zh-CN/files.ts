import type en from '../en/files';
import type { Translated } from '../types';

export default {
  title: {
    image: '选择映像文件',
    cdrom: '选择 CD 或 DVD 映像',
    floppy: '选择软盘映像',
    'machine-folder': '选择虚拟机的文件夹',
    'target-folder': '选择存放位置',
    'qemu-folder': '选择 QEMU 程序所在的文件夹',
  },
  description: '运行 Vivarium 的计算机上的文件和文件夹',
  up: '上级文件夹',
  location: '位置',
  listLabel: '文件夹内容',
  empty: '此文件夹为空。',
  noFolders: '此处没有文件夹。',
  truncated: '只显示了前面的条目。可输入位置继续浏览。',
  chooseFolder: '使用此文件夹',
  hidden: '显示隐藏文件',
} satisfies Translated<typeof en>;
