import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encoding, limits } from './protocol';
import { eventually, scribble, serve, settle } from './testing/served';
import { streamPair } from './testing/stream-pair';

describe('viewers of an RFB server', () => {
  it('greets a viewer with size and name', async () => {
    const { connect, server } = serve(640, 480);
    const client = await connect();
    expect([client.width, client.height, client.name]).toEqual([640, 480, 'Test machine']);
    expect(server.stats().viewers).toBe(1);
    client.stream.close();
    await eventually(() => server.stats().viewers).toBe(0);
  });

  it('refuses to change the size of the screen', async () => {
    const { connect } = serve();
    const client = await connect();
    client.setEncodings(encoding.extendedDesktopSize);
    client.request(true);
    expect((await client.update())[0]).toMatchObject({ x: 0, y: 0, encoding: -308 });
    client.send(251, 0, 4, 0, 3, 0, 1, 0, ...new Array<number>(16).fill(0));
    client.request(true);
    expect(await client.update()).toEqual([{ x: 1, y: 1, width: 200, height: 100, encoding: -308 }]);
  });

  it('says that it understands scan codes and passes keys on', async () => {
    const { connect, input } = serve();
    const client = await connect();
    client.setEncodings(encoding.qemuExtendedKeyEvent);
    client.request(true);
    expect((await client.update())[0]).toMatchObject({ encoding: -258 });
    client.send(255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0xcb);
    client.send(4, 1, 0, 0, 0, 0, 0xff, 0x0d);
    await eventually(() => input.calls).toEqual(['key e0 4b', 'key 1c']);
    client.stream.close();
    await eventually(() => input.calls.slice(2)).toEqual(['key e0 cb', 'key 9c']);
  });

  it('passes on the pointer as the guest wants it', async () => {
    const { connect, input, server } = serve();
    const client = await connect();
    client.setEncodings(encoding.qemuPointerMotionChange);
    client.send(5, 1, 0, 10, 0, 20);
    await eventually(() => input.calls.length).toBe(2);
    server.pointerMode = 'relative';
    client.send(5, 0, 0x80, 0x01, 0x7f, 0xfe);
    await eventually(() => input.calls).toEqual([
      'at 10,20 of 200x100',
      'buttons L--',
      'by 2,-1',
      'buttons ---',
    ]);
    client.request(true);
    expect((await client.update()).map((rect) => rect.encoding)).not.toContain(-257);
  });

  it('passes on the clipboard, but not too much of it', async () => {
    const { connect, input } = serve();
    const client = await connect();
    const cut = (text: Buffer) => {
      const header = Buffer.alloc(8);
      header[0] = 6;
      header.writeUInt32BE(text.length, 4);
      client.stream.send(Buffer.concat([header, text]));
    };
    cut(Buffer.alloc(limits.cutText + 1, 'x'));
    cut(Buffer.from('gr\u00fc\u00dfe', 'latin1'));
    cut(Buffer.alloc(limits.cutText, 'y'));
    await eventually(() => input.calls.map((call) => call.length)).toEqual([9, 4 + limits.cutText]);
    expect(input.calls[0]).toBe('cut grüße');
  });

  it('survives and disconnects viewers that send anything', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 });
    const { frame, connect, server } = serve();
    const witness = await connect();
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytes, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (pieces, early) => {
          const [here, there] = streamPair();
          server.attach(here);
          there.onData(() => {});
          if (!early) there.send(Buffer.from('RFB 003.008\n\u0001\u0001', 'latin1'));
          for (const piece of pieces) there.send(piece);
          await settle(2);
          there.close();
        },
      ),
      { numRuns: 150 },
    );
    await eventually(() => server.stats().viewers).toBe(1);
    scribble(frame, 0, 0, 200, 100, 3);
    witness.request(false);
    await witness.update();
    expect(witness.pixels.equals(Buffer.from(frame.pixels.buffer))).toBe(true);
  });

  const bad: [string, number[], string][] = [
    ['an unknown message', [77], 'Unknown message type 77'],
    ['an unknown QEMU message', [255, 1], 'QEMU message 1'],
    ['too many encodings', [2, 0, 0xff, 0xff], '65535 encodings'],
    ['an endless clipboard', [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], 'Clipboard text of 4294967295 bytes'],
    ['a colour map', [0, 0, 0, 0, 8, 8, ...new Array<number>(14).fill(0)], 'Unusable pixel format'],
  ];
  it.each(bad)('disconnects a viewer that sends %s', async (_, message, reason) => {
    const { connect, errors, server } = serve();
    const client = await connect();
    client.send(...message);
    await eventually(() => client.closed).toBe(true);
    expect(errors).toEqual([reason]);
    expect(server.stats().viewers).toBe(0);
  });

  it.each([
    ['RFB 003.003\n', 'The client is older than RFB 3.8'],
    ['RFB 003.007\n', 'The client is older than RFB 3.8'],
    ['GET / HTTP/1.1', 'This is not an RFB client'],
    ['RFB 003.008\n\u0002', 'The client chose a security type that was not offered'],
  ])('refuses %j', async (greeting, reason) => {
    const { server, errors } = serve();
    const [here, there] = streamPair();
    there.onData(() => {});
    server.attach(here);
    there.send(Buffer.from(greeting, 'latin1'));
    await eventually(() => errors).toEqual([reason]);
    expect(server.stats().viewers).toBe(0);
  });

  it('takes a greeting and messages byte by byte', async () => {
    const { server, input } = serve();
    const [here, there] = streamPair();
    there.onData(() => {});
    server.attach(here);
    const text = 'RFB 003.008\n\u0001\u0001' + '\u0006\0\0\0\0\0\0\u0002hi' + '\u0004\u0001\0\0\0\0\0a';
    for (const byte of Buffer.from(text, 'latin1')) there.send(Uint8Array.of(byte));
    await eventually(() => input.calls).toEqual(['cut hi', 'key 1e']);
  });
});
