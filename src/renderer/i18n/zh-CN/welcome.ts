import type en from '../en/welcome';
import type { Translated } from '../types';

export default {
  title: '欢迎使用 Vivarium',
  text: '完整的计算机，各在自己的窗口中。',
  data: '您的虚拟机在这里',
  dataHint: '每台虚拟机都是一个可以复制和备份的文件夹。',
  dataMove: '存放在其他位置',
  engines: '运行它们的引擎',
  engine: {
    v86: '随 Vivarium 提供，可立即启动小型 32 位系统。',
    qemu: '适合 64 位系统、多处理器和大内存。',
  },
  found: '已找到',
  missing: '本机尚未安装',
  gallery: '从系统库开始',
  image: '我有映像',
  later: '先四处看看',
} satisfies Translated<typeof en>;
