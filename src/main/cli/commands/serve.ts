import { once } from 'node:events';
import type { SpecialCommand } from './special';

/** `vivarium serve`: browser mode, in the foreground. */
export const serve: SpecialCommand = {
  words: ['serve'],
  usage: '[--port PORT] [--open]',
  summary: 'Runs Vivarium without a window and prints the address for a browser of this computer',
  options: ['port', 'open'],
  details: ['It listens on 127.0.0.1 only. A signal saves what runs and ends it.'],
  examples: [],
  async run(words, { program, dataFolder, output }) {
    const json = output.json ? ['--json'] : [];
    const child = program.startServer([`--data=${dataFolder}`, ...json, ...words], { stdio: 'inherit' });
    // The terminal sends Ctrl+C to both; this one waits for the other to have saved what runs.
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    const [status] = (await once(child, 'exit')) as [number | null];
    return status ?? 1;
  },
};
