import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { v86Version } from '@shared/engine/engines';
import type { ErrorValue } from '@shared/errors';
import { hardwareDigest } from '../../src/main/disks/saved-state/hardware-digest';
import { SavedStateWriter } from '../../src/main/disks/saved-state/writer';
import type { EngineEvents, RunningMachine } from '../../src/main/processes/machine/engine';
import { v86Engine } from '../../src/main/processes/machine/engines/v86/v86-engine';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { starterLinuxIso, testConfig, testPaths } from '../helpers/machine-config';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';

const bootMs = 180_000;
const answerMs = 120_000;

/** What only a real operating system shows. One machine lives through all of it, because it takes long to boot. */
describe.skipIf(!existsSync(starterLinuxIso))('the engine v86 with Linux', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let machine: RunningMachine | undefined;
  let terminal: Terminal;
  const pointers: string[] = [];
  const failures: ErrorValue[] = [];
  let tellStopped: () => void = () => {};
  const stopped = new Promise<void>((resolve) => (tellStopped = resolve));
  const events: EngineEvents = {
    stopped: () => tellStopped(),
    pausedByProblem: (problem) => void failures.push(problem),
    resumed: () => {},
    failed: (error) => void failures.push(error),
    pointer: (mode) => void pointers.push(mode),
    screen: () => {},
    log: () => {},
  };
  const config = testConfig({
    memoryMiB: 100,
    disks: [{ id: 'disk0', path: 'disk0.img', bus: 'ide' }],
    drives: [{ id: 'cd0', kind: 'cdrom', path: null }],
    boot: ['cdrom'],
    nics: [{ id: 'nic0', model: 'virtio', mac: '52:54:00:ab:cd:ef', connected: true, network: null }],
  });
  const paths = () =>
    testPaths(folder.path, {
      disks: { disk0: join(folder.path, 'disk0.img') },
      drives: { cd0: starterLinuxIso },
    });

  function connect(to: RunningMachine): Terminal {
    const [here, there] = streamPair();
    const connected = new Terminal(there);
    to.connectSerial(0, here);
    return connected;
  }

  /** Runs a command in the guest's shell, which must not echo; gives what it printed. */
  async function sh(command: string, limitMs = answerMs): Promise<string> {
    const text = await terminal.ask(`${command}; echo; echo en""d\n`, /\nend\r?\n/, limitMs);
    return text
      .replace(/\r/g, '')
      .replace(/\nend\n$/, '')
      .trim();
  }

  async function quietShell(): Promise<void> {
    await terminal.ask('\n', '# ', answerMs);
    await terminal.ask('stty -echo; PS1=; echo qui""et\n', /\nquiet\r?\n/, answerMs);
  }

  beforeAll(
    async () => {
      folder = await temporaryFolder('v86-linux');
      await writeFile(join(folder.path, 'disk0.img'), new Uint8Array(32 * 1024 * 1024));
      machine = await v86Engine.launch(v86Engine.plan(config, paths()), events);
      terminal = connect(machine);
      await terminal.waitFor('Starter Linux ready', bootMs);
      await quietShell();
      // Drivers are loaded while the shell is there already.
      await sh(
        'cd /tmp; until [ -b /dev/sr0 ] && [ -b /dev/sda ] && [ -e /sys/class/net/eth0 ]; do sleep 1; done',
        bootMs,
      );
    },
    2 * bootMs + answerMs,
  );

  afterAll(async () => {
    await machine?.powerOff();
    await folder.remove();
  });

  it('computes', async () => {
    expect(await sh('echo $((12345*6789))')).toBe(String(12345 * 6789));
  });

  it('has the memory that was asked for, though it is no power of two', async () => {
    const kib = Number(await sh("awk '/MemTotal/ {print $2}' /proc/meminfo"));
    expect(kib).toBeGreaterThan(80 * 1024);
    expect(kib).toBeLessThan(100 * 1024);
  });

  it('has the PCI devices that ACPI would lose, and the network card with its address', async () => {
    expect(await sh('cat /sys/class/net/eth0/address')).toBe('52:54:00:ab:cd:ef');
    expect(await sh('cat /sys/class/net/eth0/carrier')).toBe('1');
  });

  const carrierIs = (value: number): string =>
    `until [ "$(cat /sys/class/net/eth0/carrier)" = ${value} ]; do sleep 1; done; echo as awaited`;

  it('sees the network cable pulled out and put in again', async () => {
    await machine?.setLink('nic0', false);
    expect(await sh(carrierIs(0))).toBe('as awaited');
    await machine?.setLink('nic0', true);
    expect(await sh(carrierIs(1))).toBe('as awaited');
  });

  it('gets a paste of 100,000 bytes over the serial port as it was sent', async () => {
    const lines = Array.from({ length: 1000 }, (_, index) =>
      `${index} ${'abcdefghij'.repeat(9)}`.slice(0, 99),
    );
    const text = `${lines.map((line) => line.padEnd(99, '.')).join('\n')}\n`;
    expect(text.length).toBe(100_000);
    const from = terminal.text.length;
    // The shell has stopped to edit its line by then; what comes is for the program.
    await terminal.ask('echo rea""dy; cat > paste\n', /ready\r?\n/, answerMs);
    await new Promise((resolve) => setTimeout(resolve, 200));
    terminal.type(text);
    terminal.type('\x04');
    terminal.type('md5sum < paste; echo en""d\n');
    const answer = await terminal.waitFor(/[0-9a-f]{32}.*\r?\nend/, answerMs, from);
    expect(answer).toContain(createHash('md5').update(text).digest('hex'));
  });

  it('uses the absolute pointer', async () => {
    await expect.poll(() => pointers, { timeout: answerMs }).toContain('absolute');
  });

  it('keeps files on its disk', async () => {
    await sh(
      'mke2fs.e2fsprogs -q -F -t ext4 /dev/sda && mkdir -p /mnt && mount -t ext4 /dev/sda /mnt && echo kept > /mnt/file && sync',
    );
    expect(await sh('cat /mnt/file')).toBe('kept');
    const image = await readFile(join(folder.path, 'disk0.img'));
    // The ext4 superblock's magic number: it lies at byte 1024, the number at 0x38 in it.
    expect(image.readUInt16LE(1024 + 0x38)).toBe(0xef53);
  });

  it('sees the CD that was put in', async () => {
    const first = await sh('head -c 8 /dev/sr0 | od -An -c | head -1; blockdev --getsize64 /dev/sr0');
    const other = join(folder.path, 'other.iso');
    const contents = Buffer.alloc(400 * 1024);
    contents.write('OTHER CD');
    await writeFile(other, contents);
    await machine?.insertMedium('cd0', null);
    expect(await sh('head -c 8 /dev/sr0 || echo none')).toContain('none');
    await machine?.insertMedium('cd0', other);
    expect(await sh('sleep 1; head -c 8 /dev/sr0')).toContain('OTHER CD');
    await machine?.insertMedium('cd0', starterLinuxIso);
    expect(await sh('sleep 1; head -c 8 /dev/sr0 | od -An -c | head -1; blockdev --getsize64 /dev/sr0')).toBe(
      first,
    );
  });

  it('goes on from its saved state with files open and memory full', async () => {
    const hash = await sh('head -c 5000000 /dev/urandom > random; md5sum < random');
    await sh('exec 3>>/mnt/file; echo before >&3');
    await machine?.pause();
    const savedState = join(folder.path, 'state.viv');
    const writer = await SavedStateWriter.create(savedState, {
      engine: 'v86',
      engineVersion: v86Version,
      hardwareDigest: hardwareDigest(config),
    });
    await machine?.saveState(writer);
    await writer.finish();
    await machine?.powerOff();

    pointers.length = 0;
    machine = await v86Engine.launch(v86Engine.plan(config, { ...paths(), savedState }), events);
    terminal = connect(machine);
    expect(await sh('md5sum < random')).toBe(hash);
    expect(await sh('echo after >&3; cat /mnt/file')).toBe('kept\nbefore\nafter');
    expect(pointers).toEqual(['absolute']);
    expect(machine.screenText()?.join('\n')).toContain('Starter Linux');
  });

  it(
    'reboots when it is told to',
    async () => {
      await sh('exec 3>&-; umount /mnt; sync');
      const from = terminal.text.length;
      await machine?.reset();
      await terminal.waitFor('Starter Linux ready', bootMs, from);
      await quietShell();
      await sh('until [ -b /dev/sda ]; do sleep 1; done', bootMs);
      expect(await sh('mkdir -p /mnt; mount -t ext4 /dev/sda /mnt && cat /mnt/file')).toContain('kept');
    },
    2 * bootMs + answerMs,
  );

  it('shuts down when the power button is pressed', async () => {
    expect(await machine?.powerButton()).toBe(true);
    await stopped;
    expect(failures).toEqual([]);
  });
});
