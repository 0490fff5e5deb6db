import type { IBuffer } from '@xterm/xterm';

/** The text of a terminal from its first kept line on; lines that were wrapped are whole again. */
export function textOfBuffer(buffer: Pick<IBuffer, 'length' | 'getLine'>): string {
  const lines: string[] = [];
  for (let index = 0; index < buffer.length; index++) {
    const line = buffer.getLine(index);
    if (!line) break;
    const continues = buffer.getLine(index + 1)?.isWrapped ?? false;
    // only the last piece of a wrapped line may lose the blanks at its end
    const text = line.translateToString(!continues);
    if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
    else lines.push(text);
  }
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line}\n`).join('');
}
