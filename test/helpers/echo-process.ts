import { byteStreamOver } from '@shared/ipc/byte-stream';
import { connectToParent } from '../../src/main/platform/parent-link';

/** A helper process for tests: sends every message and every stream's bytes back, and ends when it is told to. */
const link = connectToParent();

link.onMessage((message) => {
  const { name, params } = message as { name?: string; params?: unknown };
  // In one piece: what a process has not got rid of when it exits is lost, and many small writes fill a pipe.
  if (name === 'print') {
    console.log(Array.from({ length: Number(params) }, (_, line) => `line ${line}`).join('\n'));
  }
  if (name === 'exit') process.exit(Number(params));
  if (name === 'throw') throw new Error('thrown on purpose');
  link.post({ kind: 'event', name: 'echo', value: message });
});

link.onStream((description, channel) => {
  const stream = byteStreamOver(channel);
  stream.send(new TextEncoder().encode(JSON.stringify(description)));
  stream.onData((data) => stream.send(data));
});

link.onClose(() => process.exit(0));
