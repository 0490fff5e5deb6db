import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '@shared/ipc/contract';
import type { Core } from '../../src/main/core';
import { amd64Guest, amd64Ready, amd64Spec, amd64Terminal } from '../helpers/amd64-guest';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  jobEnd,
  nextEvent,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { sayWhySkipped } from '../helpers/programs';
import { complaintsAbout } from '../helpers/snapshots';
import type { Terminal } from '../helpers/terminal';

/**
 * A 64-bit Linux by UEFI with a TPM: its memory, disk, firmware variables and TPM go back to one moment, and it
 * hardly notices when that moment is kept.
 */

const suite = 'snapshots of a 64-bit Linux on QEMU';
/** What the guest has in its memory that nothing can be made smaller of. */
const randomMiB = 48;
/**
 * The most that a guest may stand still, in milliseconds, on a computer that is busy with much else: to write its
 * memory first would take longer. What the pause really is is printed here and measured by the benchmark.
 */
const pauseLimitMs = 5000;

const iso = await amd64Guest(suite);

/** Where the counter lies on the disk, behind the file system, in sectors. */
const counterSector = 100_000;
/**
 * A counter in memory and on the disk: each turn finds the disk as the turn before has left it. If memory and disk
 * ever came from different moments, the two would differ.
 */
const counting = [
  '( i=0; while :; do',
  `d=$(dd if=/dev/vda bs=512 count=1 skip=${counterSector} iflag=direct 2>/dev/null | head -c 8);`,
  `[ "$d" = "$(printf %08d $i)" ] || echo "memory $i, disk $d" >>/x/broken;`,
  `i=$((i+1)); printf %08d%504s $i '' >/x/sector;`,
  `dd if=/x/sector of=/dev/vda bs=512 count=1 seek=${counterSector} oflag=direct conv=notrunc 2>/dev/null;`,
  'echo $i >/x/count; done ) & :',
].join(' ');
const zeroCounter = `printf %08d%504s 0 '' >/x/sector; dd if=/x/sector of=/dev/vda bs=512 seek=${counterSector} oflag=direct conv=notrunc 2>/dev/null`;
/** TPM2_PCR_Extend of register 16 with SHA-256 (TPM 2.0 part 3, 22.2), and that register. */
const extend =
  `exec 3<>/dev/tpm0; printf '\\x80\\x02\\x00\\x00\\x00\\x41\\x00\\x00\\x01\\x82\\x00\\x00\\x00\\x10\\x00\\x00\\x00\\x09` +
  `\\x40\\x00\\x00\\x09\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x0b${'\\x5a'.repeat(32)}' >&3; ` +
  `dd bs=64 count=1 <&3 2>/dev/null | hexdump -C; exec 3>&-`;
const register = 'cat /sys/class/tpm/tpm0/pcr-sha256/16';
const variable = (name: string): string =>
  `/sys/firmware/efi/efivars/${name}-12345678-1234-1234-1234-123456789abc`;
const setVariable = (name: string): string => `printf '\\x07\\x00\\x00\\x00${name}' >${variable(name)}`;

describe.skipIf(!iso)(suite, () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core;

  beforeAll(async () => {
    built = await buildMain();
    dataFolder = await temporaryFolder();
    core = await testCore(built.folder, dataFolder);
  });
  afterAll(async () => {
    await core?.shutdown('power-off');
    await built?.remove();
    if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
  });

  let asked = 0;
  /** As `amd64Shell`, with an end of its own: a new terminal is first told what there was before. */
  const sh = async (terminal: Terminal, command: string): Promise<string> => {
    asked++;
    const end = new RegExp(`(?:^|\\n)end${asked}\\r?\\n`);
    const text = (await terminal.ask(`${command}; echo en""d${asked}\n`, end)).replace(/\r/g, '');
    return text.replace(new RegExp(`end${asked}\\n$`), '').trim();
  };
  const done = async (started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> => {
    const job = await jobEnd(core, await started);
    expect(job.error).toBeNull();
    return job;
  };
  const take = async (id: string, memory: boolean): Promise<string> =>
    ((await done(core.handlers['snapshot.take']({ id, memory }))).result as { snapshot: string }).snapshot;
  const pauses = async (id: string): Promise<number[]> => {
    const log = await readFile(join(core.machines.get(id).folder, 'logs', 'machine.log'), 'utf8');
    return [...log.matchAll(/stood still for (\d+) ms/g)].map((match) => Number(match[1]));
  };

  it('take memory, disk, firmware and TPM back to one moment', async () => {
    const engines = await core.handlers['host.engines']({});
    const can = engines.find(({ capabilities }) => capabilities.id === 'qemu')?.capabilities;
    const uefi = can?.firmware.includes('uefi') ?? false;
    const tpm = uefi && (can?.tpm ?? false);
    if (!tpm) sayWhySkipped('snapshots of firmware variables and a TPM', 'OVMF or swtpm is not installed');
    const id = await createMachine(
      core,
      amd64Spec('Counting', iso, {
        disk: { kind: 'new', sizeMiB: 64 },
        ...(uefi ? { firmware: 'uefi' } : {}),
        ...(tpm ? { tpm } : {}),
      }),
    );
    await core.handlers['machine.start']({ id });
    let terminal = amd64Terminal(core, id);
    expect(await amd64Ready(terminal)).toContain(`ready x86_64 ${uefi ? 'uefi' : 'bios'}`);
    await sh(terminal, 'mkdir -p /x /d; mount -t tmpfs -o size=80% x /x');
    const sum = await sh(
      terminal,
      `dd if=/dev/urandom of=/x/data bs=1M count=${randomMiB} 2>/dev/null; md5sum /x/data`,
    );
    expect(sum).toMatch(/^[0-9a-f]{32} /);
    await sh(terminal, 'mke2fs -b 1024 /dev/vda 32768; mount /dev/vda /d');
    await sh(terminal, `${zeroCounter}; ${setVariable('Before')}; ${counting}`);
    const counted = Number(
      await sh(terminal, 'until grep -q . /x/count; do sleep 1; done 2>/dev/null; cat /x/count'),
    );

    const first = await take(id, true);
    const atFirst = Number(await sh(terminal, 'cat /x/count'));
    const registerThen = tpm ? await sh(terminal, register) : '';
    if (tpm) {
      expect(await sh(terminal, extend)).toMatch(/80 02 00 00 00 13 00 00  00 00/);
      expect(await sh(terminal, register)).not.toBe(registerThen);
    }
    await sh(terminal, `${setVariable('After')}; echo late >/d/late; sync`);
    // The memory is being written while the guest works on: it notices nothing, and neither does its counter.
    const second = await take(id, true);
    expect(await sh(terminal, 'cat /x/broken 2>&1')).toContain('No such file');

    // One that is cancelled meanwhile is gone as a whole, and the guest has not noticed.
    const { jobId } = await core.handlers['snapshot.take']({ id, memory: true });
    await nextEvent(core, (event) =>
      event.name === 'job.changed' && event.value.id === jobId && event.value.done > 0 ? true : undefined,
    );
    await core.handlers['job.cancel']({ id: jobId });
    expect(await jobEnd(core, { jobId })).toMatchObject({ state: 'cancelled' });
    expect((await core.handlers['snapshot.list']({ id })).snapshots).toHaveLength(2);
    const still = Number(await sh(terminal, 'cat /x/count'));
    await sh(terminal, `until [ $(cat /x/count) -gt ${still} ]; do sleep 1; done`);
    expect(await sh(terminal, 'cat /x/broken 2>&1')).toContain('No such file');

    for (const snapshot of [first, second, first]) {
      await done(core.handlers['snapshot.restore']({ id, snapshot }));
      terminal = amd64Terminal(core, id);
      expect(await sh(terminal, 'md5sum /x/data')).toBe(sum);
      const here = Number(await sh(terminal, 'cat /x/count'));
      expect(here).toBeGreaterThanOrEqual(counted);
      await sh(terminal, `until [ $(cat /x/count) -gt ${here + 3} ]; do sleep 1; done`);
      expect(await sh(terminal, 'cat /x/broken 2>&1')).toContain('No such file');
      const late = await sh(terminal, 'ls /d');
      expect(late.includes('late')).toBe(snapshot === second);
      if (tpm) expect((await sh(terminal, register)) === registerThen).toBe(snapshot === first);
    }
    expect(Number(await sh(terminal, 'cat /x/count'))).toBeLessThan(atFirst + 500);

    // Its agent puts its files in order: what was never flushed is on the disk.
    await sh(terminal, 'until pidof qemu-ga; do sleep 1; done; echo unflushed >/d/unflushed');
    const frozen = await take(id, false);
    await sh(terminal, 'echo thawed >/d/thawed; sync');
    const { snapshots } = await core.handlers['snapshot.list']({ id });
    expect(snapshots.find((snapshot) => snapshot.id === frozen)).toMatchObject({
      frozen: true,
      memory: false,
    });

    await done(core.handlers['snapshot.restore']({ id, snapshot: frozen }));
    expect(core.machines.get(id).state).toBe('off');
    await core.handlers['machine.start']({ id });
    terminal = amd64Terminal(core, id);
    await amd64Ready(terminal);
    expect(await sh(terminal, 'mkdir -p /d; mount -o ro /dev/vda /d; cat /d/unflushed; ls /d')).toMatch(
      /^unflushed\n/,
    );
    expect(await sh(terminal, 'ls /d')).not.toContain('thawed');
    if (uefi) {
      const variables = await sh(terminal, 'ls /sys/firmware/efi/efivars');
      expect(variables).toContain('Before-');
      // It was set after the snapshot from which this one goes on.
      expect(variables).not.toContain('After-');
    }
    await core.handlers['machine.powerOff']({ id });
    expect(await complaintsAbout(core.machines.get(id).folder)).toEqual([]);
    const stoodStill = await pauses(id);
    console.info(
      `512 MiB, ${randomMiB} MiB of it random: the guest stood still for ${stoodStill.join(', ')} ms`,
    );
    expect(stoodStill).toHaveLength(4);
    for (const pause of stoodStill) expect(pause).toBeLessThan(pauseLimitMs);
  });
});
