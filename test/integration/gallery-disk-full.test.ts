import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GalleryService } from '../../src/main/gallery/service';
import { startTestServer, type ServedFile, type TestServer } from '../../src/main/gallery/test-server';
import { sayWhySkipped } from '../helpers/programs';
import { canMount, mountSmall } from '../helpers/small-file-system';
import { temporaryFolder } from '../helpers/temp-folder';

/** Downloads into a file system that is too small, which takes root on Linux to make. */

const mib = 1024 * 1024;
const data = Buffer.alloc(3 * mib, 5);
const sha256 = createHash('sha256').update(data).digest('hex');

const possible = await canMount();
if (!possible) sayWhySkipped('Downloads onto a full disk', 'mounting a file system takes root on Linux');

describe.skipIf(!possible)('a download onto a disk that is too small', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let disk: Awaited<ReturnType<typeof mountSmall>>;
  let server: TestServer;
  let service: GalleryService;
  const file: ServedFile = { body: data, etag: '"v1"' };
  const media = (): string => join(folder.path, 'media');
  const quiet = { progress: () => undefined, signal: new AbortController().signal };

  beforeAll(async () => {
    folder = await temporaryFolder('disk-full');
    await mkdir(media());
    disk = await mountSmall(media(), '4m');
    server = await startTestServer({ '/system.iso': file });
    const entry = {
      id: 'system',
      name: 'System',
      family: 'linux',
      guest: 'linux',
      architecture: 'i386',
      bits: 32,
      licence: 'MIT',
      description: { en: 'A system.' },
      homepage: 'https://example.org/',
      sizeBytes: null,
      medium: 'cdrom',
      memoryMiB: 64,
      diskMiB: 64,
      source: { kind: 'download', url: 'https://example.org/system.iso', sha256 },
    };
    await writeFile(join(folder.path, 'gallery.json'), JSON.stringify([entry]));
    service = new GalleryService({
      resourcesFolder: folder.path,
      mediaFolder: media(),
      allowHttpLoopback: true,
      fetch: (input, init) => fetch(String(input).replace('https://example.org/', server.url('/')), init),
    });
  });

  afterAll(async () => {
    await server.close();
    await disk.unmount();
    await folder.remove();
  });

  it('says so before it begins, fills nothing, and goes on once there is room', async () => {
    const filler = join(media(), 'filler');
    await writeFile(filler, Buffer.alloc(2 * mib));
    const known = service.download('system', quiet);
    await expect(known).rejects.toMatchObject({ code: 'file.no-space', hint: expect.any(String) });
    expect((await service.list())[0]?.partialBytes).toBe(0);

    // Without a length, it is only known when the disk is full.
    file.chunked = true;
    await expect(service.download('system', quiet)).rejects.toMatchObject({
      code: 'file.no-space',
      hint: expect.any(String),
    });
    const kept = (await service.list())[0]?.partialBytes ?? 0;
    expect(kept).toBeGreaterThan(mib);

    await rm(filler);
    expect(await service.download('system', quiet)).toBe(join(media(), 'system.iso'));
    expect(server.requests.at(-1)?.range).toBe(`bytes=${kept}-`);
    expect(await readdir(media())).toEqual(['system.iso']);
  });
});
