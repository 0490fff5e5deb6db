import { Failure } from '@shared/errors';
import { longestInput } from '@shared/machine/exec';
import { findMachine } from '../find';
import { printResult } from '../output';
import { UsageError } from '../usage-error';
import { beforeDashes, parseOptions, wholeNumber } from './options';
import type { SpecialCommand } from './special';

/** As shells have it: a program that a signal ended. */
const signalStatus = 128;

/** `vivarium exec`: a program in the guest, by its guest agent. */
export const exec: SpecialCommand = {
  words: ['exec'],
  usage: 'MACHINE [--timeout SECONDS] [--input] -- PROGRAM [ARGUMENT …]',
  summary: "Runs a program in the guest, by QEMU's guest agent that is installed there",
  options: ['timeout', 'input'],
  details: [
    "What it prints is printed, and its exit status is this command's: 128 and more for a signal.",
    '--input gives it standard input, up to 1 MiB. No shell comes between; --timeout is 60 seconds if not said.',
  ],
  examples: [
    'vivarium exec Debian -- uname -a',
    "vivarium exec Debian -- sh -c 'df -h | tail -1'",
    'vivarium exec Debian --input -- tee /etc/motd < motd.txt',
  ],
  async run(words, { client: connected, output }) {
    const [own, command] = beforeDashes(words);
    const { values, positionals } = parseOptions(own, ['MACHINE'], {
      timeout: { type: 'string' },
      input: { type: 'boolean', default: false },
    });
    if (command.length === 0) throw new UsageError('Say what is to be run, after “--”.');
    const seconds = wholeNumber('timeout', values.timeout) ?? 60;
    if (seconds < 1 || seconds > 86_400) throw new UsageError('--timeout is from 1 to 86400 seconds.');
    const input = values.input ? (await standardInput()).toString('base64') : undefined;
    const client = await connected();
    const id = await findMachine(client, positionals[0] ?? '');
    const result = await client.call('machine.exec', { id, command, seconds, ...(input && { input }) });
    if (output.json) printResult(output, result);
    else {
      await written(process.stdout, Buffer.from(result.output, 'base64'));
      await written(process.stderr, Buffer.from(result.errorOutput, 'base64'));
    }
    if (result.truncated) output.remark('It printed more than its agent keeps; the rest is lost.');
    return result.signal === null ? (result.status ?? 1) : signalStatus + result.signal;
  },
};

async function standardInput(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > longestInput) throw new Failure('input.invalid', 'Standard input is longer than 1 MiB.');
  }
  return Buffer.concat(pieces);
}

function written(stream: NodeJS.WriteStream, data: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (data.length === 0) resolve();
    else stream.write(data, () => resolve());
  });
}
