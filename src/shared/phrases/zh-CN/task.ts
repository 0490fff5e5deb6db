import type { task as english } from '../task';

export const task: Record<keyof typeof english, string> = {
  noCancel: '无法取消“{title}”。',
  cancelled: '“{title}”已取消。',
  gone: '此任务已不存在。',
  thisCancelled: '任务已取消。',
  beforeBegin: '任务在开始之前已取消。',
  readingCancelled: '读取文件已取消。',
  conversionCancelled: '转换已取消',
  copyCancelled: '复制已取消',
  checkCancelled: '检查已取消',
  checkWasCancelled: '检查已取消。',
  mergeCancelled: '合并磁盘已取消',
  memoryCancelled: '存储内存已取消。',
  memoryUnwanted: '不再需要该内存。',
  uploadCancelled: '上传已取消。',
};
