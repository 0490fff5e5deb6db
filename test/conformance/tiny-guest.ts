import { tinyGuestReady, tinyTextGreeting } from '../helpers/boot-sector';
import type { Terminal } from '../helpers/terminal';
import type { Guest } from './engine';

/** Speaks with the guest of `boot-sector.ts`: one question at a time, an answer is a line. */
export function tinyGuest(terminal: Terminal): Guest {
  let seen = terminal.text.length;
  let last: Promise<unknown> = Promise.resolve();
  const ask = (question: string, answer: RegExp): Promise<string> => {
    terminal.type(question);
    const result = last.then(async () => {
      const text = await terminal.waitFor(answer, 60_000, seen);
      seen += text.length;
      return answer.exec(text)?.[1] ?? '';
    });
    last = result.catch(() => {}); // told to whoever asked
    return result;
  };
  const hex = async (text: Promise<string>): Promise<number> => parseInt(await text, 16);
  return {
    ready: async () => void (await terminal.waitFor(tinyGuestReady, 60_000)),
    multiply: async (a, b) => Number(await ask(`m${a}${b}`, /=(\d\d)\n/)),
    counter: () => hex(ask('c', /C([0-9A-F]{8})\n/)),
    addOnDisk: () => hex(ask('w', /W([0-9A-F]{4})\n/)),
    numberOnDisk: () => hex(ask('r', /R([0-9A-F]{4})\n/)),
    async medium() {
      const text = await ask('f', /F(!|.{8})\n/);
      return text === '!' ? null : text;
    },
    graphics: async () => void (await ask('g', /G\n/)),
    text: async () => void (await ask('t', /T\n/)),
    textShown: tinyTextGreeting,
    listenToPowerButton: async () => void (await ask('k', /K\n/)),
    powerOff: () => terminal.type('p'),
  };
}
