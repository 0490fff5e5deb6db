import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toErrorValue } from '@shared/errors';
import type { RunningMachine } from '../../src/main/processes/machine/engine';
import { qemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { pathsFor, testMachine } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { buildAmd64Iso } from '../guests/amd64.mjs';
import { engineEvents } from '../helpers/engine-events';
import { guestImage } from '../helpers/guest-image';
import { findProgram } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';

/** Debian's guest agent in a Linux of ours: what it is asked is seen to happen in the guest. */

const suite = 'the guest agent in a guest';
const qemu = findProgram('qemu-system-x86_64');
const bootMs = 180_000;

const iso = await guestImage(suite, 'qemu-system-x86_64', () => buildAmd64Iso());

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!iso)(suite, () => {
  let folder: string;
  let remove: () => Promise<void>;
  let machine: RunningMachine;
  let terminal: Terminal;
  let stopped: Promise<void>;

  beforeAll(async () => {
    ({ path: folder, remove } = await temporaryFolder('agent'));
    await writeFile(join(folder, 'disk0.img'), '');
    await truncate(join(folder, 'disk0.img'), 64 * 1024 * 1024);
    const config = testMachine({
      memoryMiB: 512,
      boot: ['cdrom'],
      disks: [{ id: 'disk0', path: 'disk0.img', bus: 'virtio' }],
      drives: [{ id: 'cd0', kind: 'cdrom', path: iso?.path ?? null }],
    });
    let stop: () => void = () => {};
    let fail: (error: unknown) => void = () => {};
    stopped = new Promise((resolve, reject) => {
      stop = resolve;
      fail = reject;
    });
    stopped.catch(() => {}); // the test that waits for it tells
    const events = engineEvents({ stopped: () => stop(), pausedByProblem: fail, failed: fail });
    const paths = pathsFor(config, folder, { binary: qemu ?? '' });
    machine = await qemuEngine.launch(qemuEngine.plan(config, paths), events);
    const [here, there] = streamPair();
    machine.connectSerial(0, here);
    terminal = new Terminal(there);
    await terminal.waitFor(/ready x86_64 bios.*# /s, bootMs);
    await terminal.ask('stty -echo; PS1=; echo qui""et\n', /\nquiet\r?\n/);
  });
  afterAll(async () => {
    await machine?.powerOff();
    await remove?.();
  });

  const sh = async (command: string, limitMs = 120_000): Promise<string> =>
    (await terminal.ask(`${command}; echo en""d\n`, /(?:^|\n)end\r?\n/, limitMs)).replace(/\r/g, '');

  it('does not answer before it listens, and nothing is frozen then', async () => {
    await sh('until pidof qemu-ga; do sleep 1; done; killall qemu-ga; while pidof qemu-ga; do sleep 1; done');
    await expect.poll(() => machine.freezeDisks?.()).toBe(false);
    await expect(machine.exec?.({ command: ['/bin/true'], seconds: 5 })).rejects.toMatchObject({
      code: 'host.unavailable',
    });
    const port = '$(grep -l org.qemu.guest_agent.0 /sys/class/virtio-ports/*/name | cut -d/ -f5)';
    await sh(`qemu-ga -m virtio-serial -p /dev/${port} -t /run >/dev/null 2>&1 & true`);
  });

  it('lets writes wait while the file systems are frozen, and go on when they are thawed', async () => {
    await sh('until [ -b /dev/vda ]; do sleep 1; done');
    expect(
      await sh('mke2fs /dev/vda >/dev/null 2>&1; mount -t ext4 /dev/vda /mnt && echo moun""ted'),
    ).toContain('mounted');
    await expect.poll(() => machine.freezeDisks?.()).toBe(true);
    // Not a job of the shell, which would be interrupted by its end.
    await sh('(sh -c "echo data > /mnt/file; echo writ\'\'ten" &)');
    await sleep(2000);
    expect(terminal.text).not.toContain('written');
    // Reading goes on, and so does the rest of the guest.
    expect(await sh('ls -d /mnt/lost+found')).toContain('lost+found');
    await machine.thawDisks?.();
    await terminal.waitFor('written');
    expect(await sh('cat /mnt/file')).toContain('data');
    // Both may be asked for again.
    expect(await machine.freezeDisks?.()).toBe(true);
    await machine.thawDisks?.();
    expect(await sh('sync; echo again > /mnt/file; cat /mnt/file')).toContain('again');
  });

  it('refuses to freeze twice, in words, and is thawed all the same', async () => {
    expect(await machine.freezeDisks?.()).toBe(true);
    const second = await machine.freezeDisks?.().then(
      () => 'no failure',
      (error: unknown) => toErrorValue(error).message,
    );
    await machine.thawDisks?.();
    expect(second).toMatch(/The guest agent refuses guest-fsfreeze-freeze/);
    expect(await sh('echo thawed > /mnt/file; cat /mnt/file')).toContain('thawed');
  });

  it('runs programs, with what they read, print and end with', async () => {
    const run = (command: string[], input?: string) =>
      machine.exec?.({
        command,
        seconds: 30,
        ...(input === undefined ? {} : { input: Buffer.from(input).toString('base64') }),
      });
    const text = (base64 = ''): string => Buffer.from(base64, 'base64').toString();
    const said = await run(['/bin/sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect([said?.status, said?.signal, text(said?.output), text(said?.errorOutput)]).toEqual([
      7,
      null,
      'out\n',
      'err\n',
    ]);
    expect(text((await run(['/bin/cat'], 'to the guest'))?.output)).toBe('to the guest');
    expect(await run(['/bin/sh', '-c', 'kill -9 $$'])).toMatchObject({ status: null, signal: 9 });
    // No shell comes between: this is one word.
    expect(text((await run(['/bin/echo', '$HOME; ls']))?.output)).toBe('$HOME; ls\n');
  });

  it('sets the clock of a guest that has missed years', async () => {
    const guestTime = async (): Promise<number> => Number(/^(\d+)$/m.exec(await sh('date +%s'))?.[1]);
    const missYears = async (): Promise<void> => {
      await sh('date -s @1000000000 >/dev/null');
      expect(await guestTime()).toBeLessThan(1_100_000_000);
    };
    // Without `hwclock` the agent refuses; with it, it does it itself.
    for (const prepare of ['test ! -e /sbin/hwclock', 'ln -s /bin/busybox /sbin/hwclock']) {
      expect(await sh(`${prepare} && echo prep""ared`)).toContain('prepared');
      await missYears();
      expect(await machine.setClock?.()).toBe(true);
      expect(Math.abs((await guestTime()) - Date.now() / 1000)).toBeLessThan(120);
    }
  });

  it('shuts the guest down', async () => {
    expect(await machine.powerButton()).toBe(true);
    await stopped;
  });
});
