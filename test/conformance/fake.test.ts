import { writeFile } from 'node:fs/promises';
import { fakeCapabilities } from '@shared/engine/engines';
import { createFakeEngine } from '../../src/main/processes/machine/engines/fake/fake-engine';
import type { Terminal } from '../helpers/terminal';
import { engineConformance, type Guest } from './engine';

/** Speaks with the shell of `fake-shell.ts`, which echoes what is typed. */
function fakeGuest(terminal: Terminal): Guest {
  let seen = terminal.text.length;
  let last: Promise<unknown> = Promise.resolve();
  const ask = (line: string, answer: RegExp): Promise<string> => {
    terminal.type(`${line}\n`);
    const result = last.then(async () => {
      const text = await terminal.waitFor(answer, 60_000, seen);
      seen += text.length;
      return answer.exec(text)?.[1] ?? '';
    });
    last = result.catch(() => {}); // told to whoever asked
    return result;
  };
  const onDisk = async (): Promise<number> => Number((await ask('disk-read', /disk=(.*)\r\n/)) || 0);
  return {
    ready: async () => void (await terminal.waitFor('Fake machine ready')),
    multiply: async (a, b) => Number(await ask(`echo $((${a}*${b}))`, /\n(\d+)\r\n/)),
    counter: async () => Number(await ask('counter', /counter=(\d+)\r\n/)),
    async addOnDisk() {
      const next = (await onDisk()) + 1;
      await ask(`disk-write ${next}`, /written\r\n/);
      return next;
    },
    numberOnDisk: onDisk,
    async medium() {
      const text = await ask('medium cd0', /medium=(.*)\r\n/);
      return text === '(none)' ? null : text;
    },
    graphics: async () => void (await ask('graphics', /\ngraphics\r\n/)),
    text: async () => void (await ask('text', /\ntext\r\n/)),
    textShown: 'text',
    listenToPowerButton: async () => void (await ask('listen', /listening\r\n/)),
    powerOff: () => terminal.type('poweroff\n'),
  };
}

engineConformance('fake', {
  version: fakeCapabilities.version,
  create: createFakeEngine,
  writeDisk: (path) => writeFile(path, new Uint8Array(64 * 1024)),
  config: { engine: 'fake', drives: [{ id: 'cd0', kind: 'cdrom', path: null }] },
  drive: 'cd0',
  mediumSize: 4096,
  guest: fakeGuest,
});
