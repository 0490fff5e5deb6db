import type { file as english } from '../file';

export const file: Record<keyof typeof english, string> = {
  absolute: '需要绝对路径：{path}',
  exists: '{path} 已存在',
  notAFolder: '这不是文件夹：{path}',
  notAFile: '这不是文件：{path}',
  isNoFile: '{path} 不是文件',
  noFolder: '没有此文件夹：{path}',
  folderUnreadable: '无法读取此文件夹：{folder}',
  unreadable: '无法读取文件 {path}。',
  cannotLock: '无法锁定 {path}',
  dataFolderUnusable: '无法使用数据文件夹：{folder}',
  dataFolderTaken: '另一个 Vivarium{who}正在使用数据文件夹 {folder}。',
  dataFolderTakenHint: '请使用那一个，或用 VIVARIUM_DATA 选择其他数据文件夹。',
  dataFolderUnknown: '无法从 {path} 读取数据文件夹的位置：{reason}',
  noSocketFolder: '没有用于套接字的私有文件夹。',
  noSocketFolderHint: '如果 {folder} 不是您的，请将其删除。',
  socketPathLong: '路径 {folder} 对套接字来说太长。',
  socketPathLongHint: '请将 TMPDIR 或 XDG_RUNTIME_DIR 设为路径较短的文件夹。',
  backgroundVersion: 'Vivarium {theirs} 正在后台运行虚拟机；当前是 Vivarium {ours}。',
  backgroundVersionHint: '请先结束它：“vivarium app quit save”会保存其虚拟机的状态。',
  processNumber: '（进程 {pid}）',
};
