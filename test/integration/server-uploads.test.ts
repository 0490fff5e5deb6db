import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Reply, ServerUnderTest } from '../helpers/browser-server';
import { createMachine, fakeSpec } from '../helpers/core';

let page: ServerUnderTest;

beforeAll(async () => {
  page = await ServerUnderTest.start();
});
afterAll(() => page?.close());

describe('uploads', () => {
  const upload = async (name: string, body: string): Promise<string> => {
    const { status, body: answer } = await page.ask(
      'PUT',
      `/upload?${new URLSearchParams({ name })}`,
      page.ownOrigin,
      body,
    );
    expect(status).toBe(200);
    return (JSON.parse(answer) as { path: string }).path;
  };

  it('has removed what a killed program was receiving', async () => {
    expect(await readdir(page.core.mediaFolder)).not.toContain('.0123.upload');
  });

  it('stores a file as a whole and never overwrites one', async () => {
    const [first, second] = [await upload('disk.img', 'one'), await upload('disk.img', 'two')];
    expect(first).toBe(join(page.core.mediaFolder, 'disk.img'));
    expect(second).toBe(join(page.core.mediaFolder, 'disk (2).img'));
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
    expect(await readdir(page.core.mediaFolder)).toContain(path.slice(page.core.mediaFolder.length + 1));
  });

  it('are removed again when they are discarded, and nothing else is', async () => {
    const { socket, rpc } = await page.client();
    const discard = (path: string) => rpc.call('media.discard', { path });
    const refused = { code: 'input.invalid' };

    const unused = await upload('unused.iso', 'x');
    await expect(discard(`${page.core.mediaFolder}/./unused.iso`)).rejects.toMatchObject(refused);
    await discard(unused);
    expect(await readdir(page.core.mediaFolder)).not.toContain('unused.iso');
    await expect(discard(unused)).rejects.toMatchObject(refused);

    const gone = await upload('gone.iso', 'x');
    await rm(gone);
    await discard(gone);

    // What was there before, and what is elsewhere.
    const downloaded = join(page.core.mediaFolder, 'downloaded.iso');
    await writeFile(downloaded, 'x');
    for (const path of [
      downloaded,
      join(page.folder, 'secret.js'),
      join(page.core.mediaFolder, '..', '..', 'secret.js'),
    ]) {
      await expect(discard(path)).rejects.toMatchObject(refused);
    }

    // A link, a folder or another file in the place of what was uploaded.
    const replacements = {
      link: (path: string) => symlink(join(page.folder, 'secret.js'), path),
      folder: (path: string) => mkdir(path),
      file: (path: string) => writeFile(path, 'other'),
    };
    for (const [kind, replace] of Object.entries(replacements)) {
      const path = await upload(`${kind}.iso`, 'x');
      await rename(path, `${path}.moved`);
      await replace(path);
      await expect(discard(path)).rejects.toMatchObject(refused);
      expect(await readdir(page.core.mediaFolder)).toContain(`${kind}.iso`);
    }
    expect(await readFile(join(page.folder, 'secret.js'), 'utf8')).toBe('secret');

    // A machine uses it, by this name or through a link.
    const used = await upload('used.iso', 'x');
    const id = await createMachine(page.core, fakeSpec('Uses an upload', { cdrom: used }));
    await expect(discard(used)).rejects.toMatchObject(refused);
    const link = join(page.folder, 'link-to-used.iso');
    await symlink(used, link);
    await rpc.call('machine.insertMedium', { id, drive: 'cd0', path: link });
    await expect(discard(used)).rejects.toMatchObject(refused);
    expect(await readFile(used, 'utf8')).toBe('x');
    await rpc.call('machine.insertMedium', { id, drive: 'cd0', path: null });
    await discard(used);
    expect(await readdir(page.core.mediaFolder)).not.toContain('used.iso');
    socket.close();
  });

  it('are removed by a page that is being closed, and nothing else is', async () => {
    const discard = async (path: string) =>
      (await page.ask('DELETE', `/upload?${new URLSearchParams({ path })}`, page.ownOrigin)).status;
    expect(await discard(await upload('closed.iso', 'x'))).toBe(204);
    expect(await readdir(page.core.mediaFolder)).not.toContain('closed.iso');
    expect(await discard(join(page.folder, 'secret.js'))).toBe(409);
    expect(await readFile(join(page.folder, 'secret.js'), 'utf8')).toBe('secret');
  });

  it('leaves nothing of an upload that was cut off', async () => {
    const before = await readdir(page.core.mediaFolder);
    await new Promise<void>((resolve) => {
      const request = httpRequest({
        host: '127.0.0.1',
        port: page.port,
        method: 'PUT',
        path: '/upload?name=cut.img',
        headers: {
          host: `127.0.0.1:${page.port}`,
          cookie: page.cookie,
          ...page.ownOrigin,
          'content-length': '1000000',
        },
      });
      request.on('error', () => resolve());
      request.write(Buffer.alloc(1000), () => setTimeout(() => request.destroy(new Error('cut')), 100));
    });
    await expect.poll(() => readdir(page.core.mediaFolder)).toEqual(before);
  });

  it('refuses what does not fit on the drive', async () => {
    const { status, body } = await new Promise<Reply>((resolve, reject) => {
      const request = httpRequest(
        {
          host: '127.0.0.1',
          port: page.port,
          method: 'PUT',
          path: '/upload?name=huge.img',
          headers: {
            host: `127.0.0.1:${page.port}`,
            cookie: page.cookie,
            ...page.ownOrigin,
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
