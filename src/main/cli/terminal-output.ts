import type { Output } from './output';

/** Results to standard output, everything else to standard error, so that pipes carry results only. */
export function terminalOutput(json: boolean): Output {
  let shown = 0;
  return {
    json,
    line: (text) => void process.stdout.write(`${text}\n`),
    remark: (text) => void process.stderr.write(`${text}\n`),
    progress(text) {
      if (!process.stderr.isTTY || json) return;
      process.stderr.write(`\r${text.padEnd(shown)}${text === '' ? '\r' : ''}`);
      shown = text.length;
    },
  };
}
