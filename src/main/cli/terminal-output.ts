import type { Output } from './output';

/** Results to standard output, everything else to standard error, so that pipes carry results only. */
export function terminalOutput(json: boolean): Output {
  return {
    json,
    line: (text) => void process.stdout.write(`${text}\n`),
    remark: (text) => void process.stderr.write(`${text}\n`),
    progress(text) {
      if (!process.stderr.isTTY || json) return;
      // Back to the beginning of the line, and clear it (ECMA-48, EL).
      process.stderr.write(`\r\x1b[K${text}`);
    },
  };
}
