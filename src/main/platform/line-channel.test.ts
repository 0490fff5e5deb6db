import { createServer, connect, type Server, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { channelOverSocket } from './line-channel';

describe('messages on a socket', () => {
  let folder: string;
  let server: Server;
  let near: Socket;
  let far: Socket;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lines-'));
    server = createServer();
    const path = join(folder, 's');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    near = connect(path);
    far = await accepted;
  });
  afterEach(async () => {
    near.destroy();
    far.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  it('arrive whole and in order, however the bytes are cut', async () => {
    const received: unknown[] = [];
    channelOverSocket(far).onMessage((message) => received.push(message));
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }),
        fc.nat(40),
        async (texts, cut) => {
          received.length = 0;
          const bytes = Buffer.from(texts.map((text) => `${JSON.stringify(text)}\n`).join(''));
          near.write(bytes.subarray(0, cut));
          await new Promise((resolve) => setImmediate(resolve));
          near.write(bytes.subarray(cut));
          await expect.poll(() => received.length).toBe(texts.length);
          expect(received).toEqual(texts);
          sent++;
        },
      ),
      { numRuns: 30 },
    );
    expect(sent).toBeGreaterThan(0);
  });

  it('that are no JSON arrive as undefined, and the next is heard all the same', async () => {
    const received: unknown[] = [];
    channelOverSocket(far).onMessage((message) => received.push(message));
    near.write('{"a":\n\n{"a":1}\n');
    await expect.poll(() => received).toEqual([undefined, undefined, { a: 1 }]);
  });

  it('without an end close the connection instead of filling the memory', async () => {
    channelOverSocket(far).onMessage(() => {});
    const closed = new Promise((resolve) => near.once('close', resolve));
    near.on('error', () => {});
    near.write(Buffer.alloc(5 * 1024 * 1024, 0x61));
    await closed;
    expect(far.destroyed).toBe(true);
  });
});
