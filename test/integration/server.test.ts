import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerUnderTest } from '../helpers/browser-server';
import { createMachine, fakeSpec } from '../helpers/core';

let page: ServerUnderTest;

beforeAll(async () => {
  page = await ServerUnderTest.start();
});
afterAll(() => page?.close());

const refusal = (path: string, headers: Record<string, string>): Promise<string> =>
  page.openSocket(path, headers).then(
    (socket) => {
      socket.terminate();
      return 'accepted';
    },
    (error: Error) => error.message,
  );

describe('who is let in', () => {
  it('gives the cookie for the token, once, and takes the token out of the address', async () => {
    const { status, headers } = await page.ask('GET', page.entrance, { cookie: '' });
    expect(status).toBe(303);
    expect(headers.location).toBe('/');
    expect(headers['set-cookie']?.[0]).toMatch(
      /^vivarium-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/,
    );
  });

  it('lets one browser in by an invitation, once', async () => {
    const { pathname, search } = new URL(page.server.invite());
    const other = new URL(page.server.invite());
    const enter = (path: string) => page.ask('GET', path, { cookie: '' });
    expect((await page.ask('HEAD', pathname + search, { cookie: '' })).status).toBe(401);
    expect((await enter(pathname + search)).status).toBe(303);
    expect((await enter(pathname + search)).status).toBe(401);
    expect((await enter(other.pathname + other.search)).status).toBe(303);
    expect((await enter(page.entrance)).status).toBe(303);
  });

  it('refuses everything else without the cookie', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/?token=wrong'],
      ['GET', '/assets/a-b_1.js'],
      ['PUT', '/upload?name=x'],
      ['DELETE', '/upload?path=x'],
    ] as const) {
      expect((await page.ask(method, path, { cookie: '', ...page.ownOrigin })).status).toBe(401);
      expect(
        (await page.ask(method, path, { cookie: `vivarium-${page.port}=wrong`, ...page.ownOrigin })).status,
      ).toBe(401);
    }
  });

  it('refuses other names for this computer, and other pages', async () => {
    expect((await page.ask('GET', '/', { host: `evil.example:${page.port}` })).status).toBe(403);
    expect((await page.ask('GET', '/', { host: '127.0.0.1' })).status).toBe(403);
    expect((await page.ask('GET', '/', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await page.ask('GET', '/', { host: `localhost:${page.port}` })).status).toBe(200);
    expect((await page.ask('PUT', '/upload?name=x', {}, 'x')).status).toBe(403);
    expect((await page.ask('PUT', '/upload?name=x', { origin: 'null' }, 'x')).status).toBe(403);
    expect((await page.ask('PUT', '/upload?name=x', { origin: 'http://127.0.0.1:1' }, 'x')).status).toBe(403);
    expect((await page.ask('DELETE', '/upload?path=x', { origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await page.ask('POST', '/', page.ownOrigin, 'x')).status).toBe(405);
  });

  it('refuses WebSockets of strangers', async () => {
    for (const path of ['/rpc', '/stream?name=console.graphics']) {
      expect(await refusal(path, { cookie: '' })).toContain('403');
      expect(await refusal(path, { origin: 'http://evil.example' })).toContain('403');
      expect(await refusal(path, { origin: '' })).toContain('403');
      expect(await refusal(path, { host: 'evil.example' })).toContain('403');
    }
    expect(await refusal('/other', {})).toContain('404');
  });

  it('listens on the loopback interface only', async () => {
    // Every 127.x.y.z reaches this computer; the server is bound to one of them.
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(page.port, '127.0.0.2', () => {
        socket.destroy();
        resolve(false);
      });
      socket.on('error', () => resolve(true));
    });
    expect(refused).toBe(true);
  });
});

describe('pages', () => {
  it('serves the user interface with strict headers', async () => {
    const { status, headers, body } = await page.ask('GET', '/');
    expect(status).toBe(200);
    expect(body).toContain('manager');
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect((await page.ask('GET', '/console.html?machine=x')).body).toContain('console');
    expect((await page.ask('GET', '/assets/a-b_1.js')).headers['content-type']).toContain('text/javascript');
  });

  it.each([
    '/../secret.js',
    '/assets/../../secret.js',
    '/%2e%2e/secret.js',
    '/..%2fsecret.js',
    '/out.js',
    '/assets',
    '/.hidden.js',
    '//etc/passwd',
    '/nothing.js',
    '/a\\..\\secret.js',
  ])('does not serve %s', async (path) => {
    const { status, body } = await page.ask('GET', path);
    expect(status).toBe(404);
    expect(body).not.toContain('secret');
  });
});

describe('the contract over a WebSocket', () => {
  it('answers commands, tells events and refuses garbage without harm', async () => {
    const { socket, rpc } = await page.client();
    const info = await rpc.call('app.info', {});
    expect(info).toMatchObject({
      shell: 'browser',
      nativeDialogs: false,
      canTrash: false,
      development: true,
    });
    const seen = new Promise<string>((resolve) => rpc.on('machine.changed', ({ name }) => resolve(name)));
    const id = await createMachine(page.core, fakeSpec('Seen'));
    expect(await seen).toBe('Seen');
    socket.send('not JSON');
    socket.send(Buffer.from([1, 2, 3]));
    socket.send('{"kind":"call","id":-1,"name":"app.info"}');
    await expect(rpc.call('machine.get', { id: 'x'.repeat(16) })).rejects.toMatchObject({
      code: 'machine.not-found',
    });
    expect((await rpc.call('machine.get', { id })).name).toBe('Seen');
    await rpc.call('machine.delete', { id, how: 'erase' });
    socket.close();
  });

  it('hands a stream to the process of the machine', async () => {
    const id = await createMachine(page.core, fakeSpec('Screen'));
    await page.core.handlers['machine.start']({ id });
    const params = encodeURIComponent(JSON.stringify({ id }));
    const messages: string[] = [];
    const graphics = await page.openSocket(`/stream?name=console.graphics&params=${params}`, {}, (_, data) =>
      messages.push(data.toString()),
    );
    await expect.poll(() => messages[0]).toBe('RFB 003.008\n');
    // A second viewer, while the first is there.
    const serialParams = encodeURIComponent(JSON.stringify({ id, port: 0 }));
    let output = '';
    const serial = await page.openSocket(
      `/stream?name=console.serial&params=${serialParams}`,
      {},
      (socket, data, isBinary) => {
        if (!isBinary) return;
        socket.send(`ack ${data.byteLength}`);
        output += data.toString();
      },
    );
    serial.send(Buffer.from('echo $((23*47))\n'));
    await expect.poll(() => output).toContain('1081');
    const ended = new Promise((resolve) => graphics.once('close', resolve));
    await page.core.handlers['machine.powerOff']({ id });
    await ended;
    serial.terminate();
    await page.core.handlers['machine.delete']({ id, how: 'erase' });
  });

  it.each([
    ['console.graphics', '{"id":"aaaaaaaaaaaaaaaa"}', 'machine.not-found'],
    ['console.graphics', '{"id":"../../etc"}', 'ipc.bad-message'],
    ['console.graphics', '{', 'ipc.bad-message'],
    ['console.secrets', '{}', 'ipc.unknown-command'],
  ])('says why there is no stream %s %s', async (name, params, code) => {
    const socket = await page.openSocket(`/stream?name=${name}&params=${encodeURIComponent(params)}`);
    const [closeCode, reason] = await new Promise<[number, string]>((resolve) =>
      socket.on('close', (number, text) => resolve([number, text.toString()])),
    );
    expect(closeCode).toBe(4000);
    expect((JSON.parse(reason) as { code: string }).code).toBe(code);
  });
});
