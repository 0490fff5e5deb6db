import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QemuLaunch } from '@shared/engine/qemu/launch';
import type { MachineConfig } from '@shared/machine/config';
import { planQemu } from '../plan';
import { socketsIn } from '../sockets';
import { matrix, pathsFor, testMachine } from '../testing/matrix';
import { otherHosts } from '../testing/other-hosts';
import { qemuArguments } from './arguments';
import { escapeValue, json, keyValues } from './escape';

const sockets = socketsIn('/run/user/1000/vivarium/q-abc123');

describe('the command line', () => {
  const cases = matrix('/machines/test, "one" 名');

  it('covers at least sixty configurations with different names', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('is what was looked at and found right', async () => {
    const text = cases
      .map(({ name, config, paths }) => {
        const args = qemuArguments(planQemu(config, paths), sockets);
        return `## ${name}\n${oneALine(args)}\n`;
      })
      .join('\n');
    await expect(text).toMatchFileSnapshot('./golden/arguments.txt');
  });

  it('is what Windows and macOS want', async () => {
    const text = otherHosts()
      .map(({ name, config, paths, sockets: lines }) => {
        return `## ${name}\n${oneALine(qemuArguments(planQemu(config, paths), lines))}\n`;
      })
      .join('\n');
    await expect(text).toMatchFileSnapshot('./golden/other-hosts.txt');
    const [onWindows = ''] = text.split('## macOS');
    expect(onWindows).not.toMatch(/unix:|"unix"|chardev socket|-sandbox/);
  });

  it('gives every device an id or name of its own', () => {
    for (const { name, config, paths } of cases) {
      const args = qemuArguments(planQemu(config, paths), sockets);
      const ids = args.flatMap((arg) => {
        const found = /"(?:id|node-name)":"([^"]+)"/.exec(arg)?.[1] ?? /(?:^|,)id=([^,]+)/.exec(arg)?.[1];
        return found === undefined ? [] : [found];
      });
      expect(new Set(ids).size, `${name}: ${ids.join(' ')}`).toBe(ids.length);
    }
  });
});

describe('sound', () => {
  const argumentsOf = (changes: Partial<MachineConfig>, launch: Partial<QemuLaunch>): string => {
    const config = testMachine({ sound: true, ...changes });
    return oneALine(qemuArguments(planQemu(config, pathsFor(config, '/m', launch)), sockets));
  };
  const devices = ['VGA', 'virtio-vga', 'qemu-xhci', 'virtio-sound-pci'];

  it('is virtio’s where a board without a past has it, and goes where the host plays it', () => {
    const linux = argumentsOf({ architecture: 'aarch64' }, { devices, audio: { driver: 'pipewire' } });
    expect(linux).toContain('-audiodev pipewire,id=sound-line,in.voices=0');
    expect(linux).toContain('"driver":"virtio-sound-pci"');
    expect(argumentsOf({ architecture: 'x86_64' }, { devices })).not.toContain('virtio-sound');
    expect(() => argumentsOf({ architecture: 's390x' }, {})).toThrow(/no sound/);
  });
});

describe('escaping', () => {
  const value = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));

  it('brings any value through QEMU’s key=value syntax', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        // A comma at the end of a value touches the separator: the hardest case.
        for (const text of [a, `${a},`, `,${a}`, `${a},,${b}`]) {
          expect(readBack(keyValues('x', { path: text, other: b }))).toEqual([
            'x',
            `path=${text}`,
            `other=${b}`,
          ]);
        }
      }),
    );
  });

  it('refuses a NUL', () => {
    expect(() => escapeValue('a\0b')).toThrow(RangeError);
  });

  it('brings any path through JSON', () => {
    fc.assert(
      fc.property(value, (path) => {
        const config = testMachine({ disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'virtio' }] });
        const paths = { ...pathsFor(config, '/m'), disks: { disk0: `/m/${path}` } };
        const args = qemuArguments(planQemu(config, paths), sockets);
        const node = args.find((arg) => arg.includes('disk0-image'));
        const parsed = JSON.parse(node ?? '') as { file: { filename: string } };
        expect(parsed.file.filename).toBe(`/m/${path}`);
      }),
    );
    expect(json({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});

/** An option and its value on one line, for people to read. */
function oneALine(args: readonly string[]): string {
  return args.reduce((text, arg) => (arg.startsWith('-') ? `${text}\n${arg}` : `${text} ${arg}`), '').trim();
}

/** A reader of the syntax that goes character by character, as QEMU's does. */
function readBack(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at++) {
    const isComma = text[at] === ',';
    if (isComma && text[at + 1] !== ',') {
      parts.push(part);
      part = '';
      continue;
    }
    if (isComma) at++;
    part += text[at] ?? '';
  }
  return [...parts, part];
}
