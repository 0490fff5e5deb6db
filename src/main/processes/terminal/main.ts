import { homedir } from 'node:os';
import { byteStreamOver, type ByteStream } from '@shared/ipc/byte-stream';
import { decodeTerminalInput, terminalTask, type TerminalTask } from '@shared/ipc/terminal-process';
import { connectToParent } from '../../platform/parent-link';

/** The process of one terminal: runs what main says in a pseudo-terminal, joins it to a page, and ends with either. */

/** Output that a page may have before it, in bytes: more than that waits in the pseudo-terminal. */
const mostUnsent = 256 * 1024;
/** For the last words to reach the page before the process ends, in milliseconds. */
const farewellMs = 2000;

const link = connectToParent();
let taken = false;
link.onClose(() => process.exit(0));
link.onStream((description, channel) => {
  const task = terminalTask.safeParse(description);
  if (!task.success || taken) {
    channel.close();
    return;
  }
  taken = true;
  const stream = byteStreamOver(channel);
  perform(task.data, stream).catch((error: unknown) => say(stream, (error as Error).message));
});

async function perform(task: TerminalTask, stream: ByteStream): Promise<void> {
  if (task.kind === 'say') return say(stream, task.text);
  const { spawn } = await import('node-pty');
  const terminal = spawn(task.program, task.args, {
    name: 'xterm-256color',
    cols: task.columns,
    rows: task.rows,
    cwd: homedir(),
    env: process.env,
    encoding: null,
  });
  terminal.onData((data: string | Buffer) => {
    stream.send(typeof data === 'string' ? Buffer.from(data) : data);
    if (stream.unsent <= mostUnsent) return;
    terminal.pause();
    void stream.drained(mostUnsent / 2).then(() => terminal.resume());
  });
  terminal.onExit(() => leave(stream));
  stream.onClose(() => {
    terminal.kill();
    process.exit(0);
  });
  stream.onData((message) => {
    const input = decodeTerminalInput(message);
    if (!input) stream.close();
    else if ('keys' in input) terminal.write(Buffer.from(input.keys));
    else terminal.resize(input.columns, input.rows);
  });
}

function say(stream: ByteStream, text: string): void {
  stream.onClose(() => process.exit(0));
  stream.send(Buffer.from(`${text.replace(/\r?\n/g, '\r\n')}\r\n`));
  leave(stream);
}

/** Ends when the page has had everything, or does not take it. */
function leave(stream: ByteStream): void {
  const giveUp = new Promise((resolve) => setTimeout(resolve, farewellMs));
  void Promise.race([stream.drained(), giveUp]).then(() => {
    stream.close();
    // The end of the stream is on its way.
    setTimeout(() => process.exit(0), 100);
  });
}
