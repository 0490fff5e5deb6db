import { connect as connectSocket } from 'node:net';
import { Failure } from '@shared/errors';
import { findMachine } from '../find';
import { UsageError } from '../usage-error';
import { parseOptions, wholeNumber } from './options';
import type { SpecialCommand } from './special';

/** Ctrl+], as of telnet and virsh. */
const leaveKey = 0x1d;

/** `vivarium console`: this terminal becomes the machine's serial console. */
export const serialConsole: SpecialCommand = {
  words: ['console'],
  usage: 'MACHINE [--serial] [--port N]',
  summary: "Connects this terminal to a machine's serial port; Ctrl+] leaves",
  options: ['serial', 'port'],
  details: [
    'Ports count from 0. What the guest said last is shown first. --serial is the only console that a terminal can show, and need not be said.',
    'Without a terminal, standard input goes to the guest, and it ends with the input.',
  ],
  examples: ['vivarium console Trial --serial', 'echo "uname -a" | vivarium console Trial'],
  async run(words, { client: connected, output }) {
    const { values, positionals } = parseOptions(words, ['MACHINE'], {
      serial: { type: 'boolean' },
      port: { type: 'string' },
    });
    const port = wholeNumber('port', values.port) ?? 0;
    if (port > 3) throw new UsageError('--port is 0, 1, 2 or 3.');
    const client = await connected();
    const id = await findMachine(client, positionals[0] ?? '');
    const { address } = await client.call('machine.serialSocket', { id, port });
    if (process.stdin.isTTY) output.remark('Connected; Ctrl+] leaves.');
    const left = await relay(address);
    if (process.stdin.isTTY)
      output.remark(left ? '\nLeft; the machine runs on.' : '\nThe machine has ended.');
    return 0;
  },
};

/** How long the guest's answer to the last of the input is waited for, in milliseconds. */
const lastWordsMs = 1000;

/**
 * Joins the terminal and the socket until either ends. However that comes, the terminal is left as it was.
 *
 * @returns whether the person left, rather than the guest
 */
function relay(address: string): Promise<boolean> {
  const { stdin, stdout } = process;
  return new Promise((resolve, reject) => {
    const socket = connectSocket(address);
    const restore = (): void => void (stdin.isTTY && stdin.setRawMode(false));
    /** Sends to the guest; what it does not take waits where it comes from, but for keys: one of them leaves. */
    const send = (data: Buffer): void => {
      if (socket.write(data) || stdin.isTTY) return;
      stdin.pause();
      socket.once('drain', () => stdin.resume());
    };
    const done = (left: boolean): void => {
      socket.destroy();
      restore();
      stdin.pause();
      resolve(left);
    };
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done(true));
    process.once('exit', restore);
    socket.once('connect', () => {
      if (stdin.isTTY) stdin.setRawMode(true);
      stdin.on('data', (data: Buffer) => {
        const leave = stdin.isTTY ? data.indexOf(leaveKey) : -1;
        send(leave < 0 ? data : data.subarray(0, leave));
        if (leave >= 0) done(true);
      });
      // Once the guest has had everything.
      stdin.on('end', () => socket.write('', () => setTimeout(() => done(true), lastWordsMs)));
    });
    socket.on('data', (data: Buffer) => {
      if (stdout.write(data)) return;
      socket.pause();
      stdout.once('drain', () => socket.resume());
    });
    socket.on('end', () => done(false));
    socket.on('error', (error) => {
      restore();
      reject(new Failure('ipc.closed', 'The serial port cannot be reached.', { cause: error }));
    });
  });
}
