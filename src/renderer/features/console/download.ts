/** Gives the person a file made here, through the browser's download. */
export function downloadFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // the download has its own hold on the content once it has begun
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The bytes of base64 text. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** A file name without what file systems refuse, with the time (local, to the second) in it. */
export function datedFileName(name: string, extension: string, time = new Date()): string {
  const safe = name.replace(/[\p{Cc}<>:"/\\|?*]/gu, '_').trim() || 'machine';
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${safe} ${day} ${two(time.getHours())}.${two(time.getMinutes())}.${two(time.getSeconds())}.${extension}`;
}
