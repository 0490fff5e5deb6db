import { createServer, type Socket } from 'node:net';
import { createConnection } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerChallenge, UnlockedScreen } from './unlocked-screen';

/** A server that says `greeting` whatever it is told, and what this side tells it. */
async function meet(greeting: readonly Uint8Array[], typed = ''): Promise<{ ended: unknown; seen: string }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.resume();
    for (const part of greeting) socket.write(part);
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const screen = new UnlockedScreen(createConnection({ host: '127.0.0.1', port }), 'password');
  let seen = '';
  screen.on('data', (data: Buffer) => (seen += data.toString('latin1')));
  screen.on('end', () => {});
  if (typed !== '') screen.write(typed);
  const ended = await new Promise((resolve) => {
    screen.once('error', resolve);
    screen.once('close', () => resolve('closed'));
  });
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  return { ended, seen };
}

const version = Buffer.from('RFB 003.008\n');
const challenge = Buffer.alloc(16, 7);
const accepted = [version, Buffer.from([1, 2]), challenge, Buffer.alloc(4)];

describe('a screen behind a password', () => {
  it('answers a challenge with DES, as the standard’s test vectors have it', () => {
    // FIPS 81, appendix B: key 0123456789abcdef, “Now is the time for all ” in ECB mode. VNC turns the key's bytes round.
    const key = Buffer.from('80c4a2e691d5b3f7', 'hex').toString('latin1');
    const plain = Buffer.from('Now is the time ');
    expect(answerChallenge(plain, key).toString('hex')).toBe('3fa40e8a984d48156a271787ab8883f9');
  });

  it('looks like one without', async () => {
    const { seen, ended } = await meet([...accepted, Buffer.from('pixels')], 'RFB 003.008\n\x01\x01');
    expect(ended).toBe('closed');
    expect(seen).toBe('RFB 003.008\n\x01\x01\0\0\0\0pixels');
  });

  it.each([
    ['asks for something else', [version, Buffer.from([1, 16])], /asks for no password/],
    ['asks for nothing', [version, Buffer.from([0])], /asks for no password/],
    [
      'refuses',
      [version, Buffer.from([2, 1, 2]), challenge, Buffer.from([0, 0, 0, 1])],
      /refuses the password/,
    ],
  ])('is not shown when the server %s', async (_, greeting, message) => {
    const { seen, ended } = await meet(greeting);
    expect(ended).toMatchObject({ code: 'engine.failed', message: expect.stringMatching(message) });
    expect(seen).toBe('');
  });

  it('ends with a server that says anything at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
        fc.nat(accepted.length),
        async (noise, right) => {
          const { ended } = await meet([...accepted.slice(0, right), ...noise]);
          expect(ended).toBeDefined();
        },
      ),
      { numRuns: 30 },
    );
  });
});
