import path from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRequest, parseLink } from '@shared/desktop/open-request';
import { ownWords, parseArguments } from './arguments';

const id = 'abcdefgh01234567';
const ids = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'),
  minLength: 16,
  maxLength: 16,
});

describe('links', () => {
  it('of our form name a machine', () => {
    fc.assert(
      fc.property(
        ids,
        fc.constantFrom('vivarium', 'VIVARIUM'),
        fc.constantFrom('', '/'),
        (machine, scheme, end) => {
          expect(parseLink(`${scheme}://open/${machine}${end}`)).toEqual({ kind: 'machine', id: machine });
        },
      ),
    );
  });

  it('of any other form are nothing', () => {
    for (const link of [
      'vivarium://start/abcdefgh01234567',
      `vivarium://open/${id}?and=more`,
      `vivarium://open/${id}#`,
      `vivarium://open/../${id}`,
      `vivarium:open/${id}`,
      `vivarium://open/${id}x`,
      `vivarium://open/${id}\n`,
      ` vivarium://open/${id}`,
    ]) {
      expect(parseLink(link), link).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.string(), (rest) => {
        const request = parseLink(`vivarium://open/${rest}`);
        if (request) expect(openRequest.safeParse(request).success).toBe(true);
      }),
    );
  });
});

describe('the command line', () => {
  it.each([
    [['--data', '/x'], '/x'],
    [['--data=/x y'], '/x y'],
    [['--data='], undefined],
    [['--data'], undefined],
    [['--lang=en'], undefined],
  ])('%j has the data folder %s', (words, folder) => {
    expect(parseArguments(words).dataFolder).toBe(folder);
  });

  it('has files and links among options of others', () => {
    const words = [
      '--no-sandbox',
      'a.iso',
      '--background',
      `vivarium://open/${id}`,
      '--data',
      'b',
      '/c/d.img',
    ];
    expect(parseArguments(words, '/home/me')).toEqual({
      dataFolder: 'b',
      background: true,
      badLinks: false,
      open: [
        { kind: 'path', path: path.resolve('/home/me', 'a.iso') },
        { kind: 'machine', id },
        { kind: 'path', path: path.resolve('/c/d.img') },
      ],
    });
    expect(parseArguments(['vivarium://start/x']).badLinks).toBe(true);
  });

  it('has files as the addresses that desktops make of them', () => {
    const file = path.resolve('/home/me/a system, 50%.iso');
    const opened = (word: string) => parseArguments([word], '/home/me').open;
    expect(opened(pathToFileURL(file).href)).toEqual([{ kind: 'path', path: file }]);
    // Of another computer: not taken for a file of this one.
    expect(opened('file://elsewhere/home/me/a.iso')).toEqual([
      { kind: 'path', path: path.resolve('/home/me', 'file://elsewhere/home/me/a.iso') },
    ]);
  });

  it('never gives more than can be opened, nor anything that is not a request', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            ids.map((one) => `vivarium://open/${one}`),
          ),
        ),
        (words) => {
          const { open } = parseArguments(words, '/f');
          expect(open.length).toBeLessThanOrEqual(8);
          for (const request of open) {
            expect(openRequest.safeParse(request).success).toBe(true);
            if (request.kind === 'path') expect(path.isAbsolute(request.path)).toBe(true);
          }
        },
      ),
    );
  });

  it('leaves the folder of the app out where Electron was given one', () => {
    expect(ownWords(['electron', '--inspect=0', '.', 'x.iso'], true)).toEqual(['x.iso']);
    expect(ownWords(['vivarium', 'x.iso'], false)).toEqual(['x.iso']);
    expect(ownWords(['electron'], true)).toEqual([]);
  });
});
