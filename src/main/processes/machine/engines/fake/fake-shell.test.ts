import { describe, expect, it } from 'vitest';
import { FakeShell, type FakeShellHost } from './fake-shell';

function setUp() {
  const calls: string[] = [];
  let printed = '';
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void calls.push([name, ...args].join(' '));
  const host: FakeShellHost = {
    counter: 7,
    writeDisk: async (text) => note('write')(text),
    readDisk: async () => 'text',
    readMedium: async (drive) => (drive === 'cd0' ? 'CD' : null),
    setGraphics: note('graphics'),
    listenToPowerButton: note('listen'),
    powerOffByGuest: note('off'),
    crash: note('crash'),
    diskError: async () => note('disk-error')(),
    hang: note('hang'),
    setAgent: note('agent'),
    describeAgent: () => 'freeze thaw',
    writeMemorySlowly: note('slow'),
    mergeSlowly: note('slow-merge'),
  };
  const shell = new FakeShell(host, (text) => (printed += text));
  const type = async (text: string): Promise<string> => {
    printed = '';
    for (const char of text) await shell.input(char.charCodeAt(0));
    return printed;
  };
  return { calls, type };
}

describe('FakeShell', () => {
  it('computes', async () => {
    const { type } = setUp();
    expect(await type('echo a$((12345*6789)) $((1 - 3)) $((2+2))\n')).toContain('\r\na83810205 -2 4\r\n');
    expect(await type('echo $((99999999999*99999999999))\r')).toContain('9999999999800000000001');
  });

  it('echoes what is typed, and takes it back', async () => {
    const { type } = setUp();
    expect(await type('echx\x7fo hi\n')).toBe('echx\b \bo hi\r\nhi\r\nfake# ');
  });

  it('does what it is told', async () => {
    const { type, calls } = setUp();
    expect(await type('counter\n')).toContain('counter=7');
    expect(await type('disk-read\n')).toContain('disk=text');
    expect(await type('medium cd0\n')).toContain('medium=CD');
    expect(await type('medium cd1\n')).toContain('medium=(none)');
    for (const line of [
      'disk-write a b',
      'graphics',
      'text',
      'listen',
      'poweroff',
      'crash',
      'disk-error',
      'hang',
    ]) {
      await type(`${line}\n`);
    }
    expect(calls).toEqual([
      'write a b',
      'graphics true',
      'graphics false',
      'listen',
      'off',
      'crash',
      'disk-error',
      'hang',
    ]);
    expect(await type('rm -rf /\n')).toContain('rm: not found');
    expect(await type('\n')).toBe('\r\nfake# ');
  });
});
