import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AutostartFile, autostartFolder, desktopEntry } from './autostart-file';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-login-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Reads an `Exec` line as the specification says a desktop does: first the string, then its arguments. */
function argumentsOf(entry: string): string[] {
  const line = /^Exec=(.*)$/m.exec(entry)?.[1] ?? '';
  const value = line.replace(
    /\\(.)/g,
    (_, letter: string) => ({ n: '\n', t: '\t', r: '\r', s: ' ' })[letter] ?? letter,
  );
  const found: string[] = [];
  let at = 0;
  while (at < value.length) {
    expect(value[at]).toBe('"');
    let text = '';
    for (at++; value[at] !== '"'; at++) {
      if (value[at] === '\\') at++;
      else expect('`$').not.toContain(value[at]);
      text += value[at] ?? '';
    }
    found.push(text.replaceAll('%%', '%'));
    at += 2;
  }
  return found;
}

describe('the desktop entry', () => {
  it('starts exactly the command, whatever is in its name', () => {
    const argument = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 4 }), (command) => {
        const entry = desktopEntry(command);
        expect(argumentsOf(entry)).toEqual(command);
        expect(entry.split('\n').filter((line) => line.startsWith('Exec='))).toHaveLength(1);
      }),
    );
  });

  it('is escaped as in the specification', () => {
    expect(desktopEntry(['/a b/100%', '$x\\'])).toContain('Exec="/a b/100%%" "\\\\$x\\\\\\\\"');
  });
});

describe('starting at login', () => {
  it('is switched on and off', async () => {
    const file = new AutostartFile(join(folder, 'autostart'), ['/opt/Vivarium/vivarium', '--background']);
    expect(await file.get()).toBe(false);
    await file.set(true);
    expect(await file.get()).toBe(true);
    expect(await readFile(file.path, 'utf8')).toContain('"--background"');
    await file.set(false);
    expect(await file.get()).toBe(false);
    await file.set(false);
  });

  it.each(['Hidden=true', 'X-GNOME-Autostart-enabled=false'])(
    'may be switched off by the desktop: %s',
    async (line) => {
      const file = new AutostartFile(folder, ['vivarium']);
      await writeFile(file.path, `[Desktop Entry]\nType=Application\nExec=vivarium\n${line}\n`);
      expect(await file.get()).toBe(false);
    },
  );

  it('is in the folder of the session', () => {
    expect(autostartFolder({ XDG_CONFIG_HOME: '/c' }, '/home/a')).toBe(join('/c', 'autostart'));
    expect(autostartFolder({ XDG_CONFIG_HOME: 'c' }, '/home/a')).toBe(join('/home/a/.config/autostart'));
    expect(autostartFolder({}, '/home/a')).toBe(join('/home/a/.config/autostart'));
  });
});
