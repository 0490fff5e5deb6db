import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { commands, events } from '@shared/ipc/contract';
import { type Message } from '@shared/ipc/messages';
import { rpcClient } from '@shared/ipc/rpc';
import type { Core } from '../../src/main/core';
import { type BrowserServer, startBrowserServer } from '../../src/main/server/server';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  fakeSpec,
  temporaryFolder,
  testCore,
} from '../helpers/core';

let built: BuiltMain;
let folder: string;
let core: Core;
let server: BrowserServer;
let cookie: string;

beforeAll(async () => {
  built = await buildMain();
  folder = await temporaryFolder();
  const rendererFolder = join(folder, 'renderer');
  await mkdir(join(rendererFolder, 'assets'), { recursive: true });
  await writeFile(join(rendererFolder, 'manager.html'), '<title>manager</title>');
  await writeFile(join(rendererFolder, 'console.html'), '<title>console</title>');
  await writeFile(join(rendererFolder, 'assets', 'a-b_1.js'), 'export {};');
  await writeFile(join(folder, 'secret.js'), 'secret');
  await symlink(join(folder, 'secret.js'), join(rendererFolder, 'out.js'));
  core = await testCore(built.folder, join(folder, 'data'));
  await writeFile(join(core.mediaFolder, '.0123.upload'), 'left by a killed program');
  server = await startBrowserServer({ core, rendererFolder, port: 0 });
  const { headers } = await ask('GET', server.url.slice(server.url.indexOf('/?')), { cookie: '' });
  cookie = (headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
});

afterAll(async () => {
  await core?.shutdown('power-off');
  await server?.close();
  await built?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One request, with the headers of our own page unless others are given. `cookie` '' sends none. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: Uint8Array | string,
): Promise<Reply> {
  const all: Record<string, string> = { host: `127.0.0.1:${server.port}`, cookie, ...headers };
  if (all['cookie'] === '') delete all['cookie'];
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: server.port, method, path, headers: all, agent: false },
      (response) => {
        let text = '';
        response.on('data', (data: Buffer) => (text += data.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const ownOrigin = (): Record<string, string> => ({ origin: `http://127.0.0.1:${server.port}` });

type OnMessage = (socket: WebSocket, data: Buffer, isBinary: boolean) => void;

/** `onMessage` hears everything: the first message may come together with the answer that opens the socket. */
function openSocket(
  path: string,
  headers: Record<string, string> = {},
  onMessage?: OnMessage,
): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, {
    headers: { cookie, ...ownOrigin(), ...headers },
    perMessageDeflate: false,
  });
  if (onMessage) socket.on('message', (data: Buffer, isBinary) => onMessage(socket, data, isBinary));
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket));
    socket.on('error', reject);
  });
}

const refusal = (path: string, headers: Record<string, string>): Promise<string> =>
  openSocket(path, headers).then(
    (socket) => {
      socket.terminate();
      return 'accepted';
    },
    (error: Error) => error.message,
  );

async function client() {
  const socket = await openSocket('/rpc');
  return {
    socket,
    rpc: rpcClient(
      {
        post: (message: Message) => socket.send(JSON.stringify(message)),
        onMessage: (listener) => socket.on('message', (data) => listener(JSON.parse(String(data)))),
        onClose: (listener) => socket.on('close', listener),
      },
      commands,
      events,
      (reason) => {
        throw new Error(reason);
      },
    ),
  };
}

describe('who is let in', () => {
  it('gives the cookie for the token, once, and takes the token out of the address', async () => {
    const { status, headers } = await ask('GET', server.url.slice(server.url.indexOf('/?')), { cookie: '' });
    expect(status).toBe(303);
    expect(headers.location).toBe('/');
    expect(headers['set-cookie']?.[0]).toMatch(/^vivarium=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
  });

  it('refuses everything else without the cookie', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/?token=wrong'],
      ['GET', '/assets/a-b_1.js'],
      ['PUT', '/upload?name=x'],
      ['DELETE', '/upload?path=x'],
    ] as const) {
      expect((await ask(method, path, { cookie: '', ...ownOrigin() })).status).toBe(401);
      expect((await ask(method, path, { cookie: 'vivarium=wrong', ...ownOrigin() })).status).toBe(401);
    }
  });

  it('refuses other names for this computer, and other pages', async () => {
    expect((await ask('GET', '/', { host: `evil.example:${server.port}` })).status).toBe(403);
    expect((await ask('GET', '/', { host: '127.0.0.1' })).status).toBe(403);
    expect((await ask('GET', '/', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await ask('GET', '/', { host: `localhost:${server.port}` })).status).toBe(200);
    expect((await ask('PUT', '/upload?name=x', {}, 'x')).status).toBe(403);
    expect((await ask('PUT', '/upload?name=x', { origin: 'null' }, 'x')).status).toBe(403);
    expect((await ask('PUT', '/upload?name=x', { origin: 'http://127.0.0.1:1' }, 'x')).status).toBe(403);
    expect((await ask('DELETE', '/upload?path=x', { origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await ask('POST', '/', ownOrigin(), 'x')).status).toBe(405);
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
      const socket = connect(server.port, '127.0.0.2', () => {
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
    const { status, headers, body } = await ask('GET', '/');
    expect(status).toBe(200);
    expect(body).toContain('manager');
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect((await ask('GET', '/console.html?machine=x')).body).toContain('console');
    expect((await ask('GET', '/assets/a-b_1.js')).headers['content-type']).toContain('text/javascript');
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
    const { status, body } = await ask('GET', path);
    expect(status).toBe(404);
    expect(body).not.toContain('secret');
  });
});

describe('the contract over a WebSocket', () => {
  it('answers commands, tells events and refuses garbage without harm', async () => {
    const { socket, rpc } = await client();
    const info = await rpc.call('app.info', {});
    expect(info).toMatchObject({
      shell: 'browser',
      nativeDialogs: false,
      canTrash: false,
      development: true,
    });
    const seen = new Promise<string>((resolve) => rpc.on('machine.changed', ({ name }) => resolve(name)));
    const id = await createMachine(core, fakeSpec('Seen'));
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
    const id = await createMachine(core, fakeSpec('Screen'));
    await core.handlers['machine.start']({ id });
    const params = encodeURIComponent(JSON.stringify({ id }));
    const messages: string[] = [];
    const graphics = await openSocket(`/stream?name=console.graphics&params=${params}`, {}, (_, data) =>
      messages.push(data.toString()),
    );
    await expect.poll(() => messages[0]).toBe('RFB 003.008\n');
    // A second viewer, while the first is there.
    const serialParams = encodeURIComponent(JSON.stringify({ id, port: 0 }));
    let output = '';
    const serial = await openSocket(
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
    await core.handlers['machine.powerOff']({ id });
    await ended;
    serial.terminate();
    await core.handlers['machine.delete']({ id, how: 'erase' });
  });

  it.each([
    ['console.graphics', '{"id":"aaaaaaaaaaaaaaaa"}', 'machine.not-found'],
    ['console.graphics', '{"id":"../../etc"}', 'ipc.bad-message'],
    ['console.graphics', '{', 'ipc.bad-message'],
    ['console.secrets', '{}', 'ipc.unknown-command'],
  ])('says why there is no stream %s %s', async (name, params, code) => {
    const socket = await openSocket(`/stream?name=${name}&params=${encodeURIComponent(params)}`);
    const [closeCode, reason] = await new Promise<[number, string]>((resolve) =>
      socket.on('close', (number, text) => resolve([number, text.toString()])),
    );
    expect(closeCode).toBe(4000);
    expect((JSON.parse(reason) as { code: string }).code).toBe(code);
  });
});

describe('uploads', () => {
  const upload = async (name: string, body: string): Promise<string> => {
    const { status, body: answer } = await ask(
      'PUT',
      `/upload?${new URLSearchParams({ name })}`,
      ownOrigin(),
      body,
    );
    expect(status).toBe(200);
    return (JSON.parse(answer) as { path: string }).path;
  };

  it('has removed what a killed program was receiving', async () => {
    expect(await readdir(core.mediaFolder)).not.toContain('.0123.upload');
  });

  it('stores a file as a whole and never overwrites one', async () => {
    const [first, second] = [await upload('disk.img', 'one'), await upload('disk.img', 'two')];
    expect(first).toBe(join(core.mediaFolder, 'disk.img'));
    expect(second).toBe(join(core.mediaFolder, 'disk (2).img'));
    expect([await readFile(first, 'utf8'), await readFile(second, 'utf8')]).toEqual(['one', 'two']);
  });

  it.each([
    '../../evil.img',
    '/etc/evil.img',
    '..',
    '',
    'a\0b.iso',
    '.hidden',
    `${'é'.repeat(300)}.iso`,
    'CON.img',
  ])('keeps %j inside its folder', async (name) => {
    const path = await upload(name, 'x');
    expect(await readdir(core.mediaFolder)).toContain(path.slice(core.mediaFolder.length + 1));
  });

  it('are removed again when they are discarded, and nothing else is', async () => {
    const { socket, rpc } = await client();
    const discard = (path: string) => rpc.call('media.discard', { path });
    const refused = { code: 'input.invalid' };

    const unused = await upload('unused.iso', 'x');
    await expect(discard(`${core.mediaFolder}/./unused.iso`)).rejects.toMatchObject(refused);
    await discard(unused);
    expect(await readdir(core.mediaFolder)).not.toContain('unused.iso');
    await expect(discard(unused)).rejects.toMatchObject(refused);

    const gone = await upload('gone.iso', 'x');
    await rm(gone);
    await discard(gone);

    // What was there before, and what is elsewhere.
    const downloaded = join(core.mediaFolder, 'downloaded.iso');
    await writeFile(downloaded, 'x');
    for (const path of [
      downloaded,
      join(folder, 'secret.js'),
      join(core.mediaFolder, '..', '..', 'secret.js'),
    ]) {
      await expect(discard(path)).rejects.toMatchObject(refused);
    }

    // A link, a folder or another file in the place of what was uploaded.
    const replacements = {
      link: (path: string) => symlink(join(folder, 'secret.js'), path),
      folder: (path: string) => mkdir(path),
      file: (path: string) => writeFile(path, 'other'),
    };
    for (const [kind, replace] of Object.entries(replacements)) {
      const path = await upload(`${kind}.iso`, 'x');
      await rename(path, `${path}.moved`);
      await replace(path);
      await expect(discard(path)).rejects.toMatchObject(refused);
      expect(await readdir(core.mediaFolder)).toContain(`${kind}.iso`);
    }
    expect(await readFile(join(folder, 'secret.js'), 'utf8')).toBe('secret');

    // A machine uses it, by this name or through a link.
    const used = await upload('used.iso', 'x');
    const id = await createMachine(core, fakeSpec('Uses an upload', { cdrom: used }));
    await expect(discard(used)).rejects.toMatchObject(refused);
    const link = join(folder, 'link-to-used.iso');
    await symlink(used, link);
    await rpc.call('machine.insertMedium', { id, drive: 'cd0', path: link });
    await expect(discard(used)).rejects.toMatchObject(refused);
    expect(await readFile(used, 'utf8')).toBe('x');
    await rpc.call('machine.insertMedium', { id, drive: 'cd0', path: null });
    await discard(used);
    expect(await readdir(core.mediaFolder)).not.toContain('used.iso');
    socket.close();
  });

  it('are removed by a page that is being closed, and nothing else is', async () => {
    const discard = async (path: string) =>
      (await ask('DELETE', `/upload?${new URLSearchParams({ path })}`, ownOrigin())).status;
    expect(await discard(await upload('closed.iso', 'x'))).toBe(204);
    expect(await readdir(core.mediaFolder)).not.toContain('closed.iso');
    expect(await discard(join(folder, 'secret.js'))).toBe(409);
    expect(await readFile(join(folder, 'secret.js'), 'utf8')).toBe('secret');
  });

  it('leaves nothing of an upload that was cut off', async () => {
    const before = await readdir(core.mediaFolder);
    await new Promise<void>((resolve) => {
      const request = httpRequest({
        host: '127.0.0.1',
        port: server.port,
        method: 'PUT',
        path: '/upload?name=cut.img',
        headers: { host: `127.0.0.1:${server.port}`, cookie, ...ownOrigin(), 'content-length': '1000000' },
      });
      request.on('error', () => resolve());
      request.write(Buffer.alloc(1000), () => setTimeout(() => request.destroy(new Error('cut')), 100));
    });
    await expect.poll(() => readdir(core.mediaFolder)).toEqual(before);
  });

  it('refuses what does not fit on the drive', async () => {
    const { status, body } = await new Promise<Reply>((resolve, reject) => {
      const request = httpRequest(
        {
          host: '127.0.0.1',
          port: server.port,
          method: 'PUT',
          path: '/upload?name=huge.img',
          headers: {
            host: `127.0.0.1:${server.port}`,
            cookie,
            ...ownOrigin(),
            'content-length': String(2 ** 52),
          },
        },
        (response) => {
          let text = '';
          response.on('data', (data: Buffer) => (text += data.toString()));
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
            request.destroy();
          });
        },
      );
      request.on('error', reject);
      request.flushHeaders();
    });
    expect(status).toBe(507);
    expect((JSON.parse(body) as { code: string }).code).toBe('file.no-space');
  });
});
