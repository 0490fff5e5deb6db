import { arm, changes, isTheProgram } from './deadly';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import { createMachine, fakeSpec, testCore } from '../core';
import { complaintsAbout, contentsOf, look } from '../snapshots';
import type { TortureAnswer, TortureOrder, TortureState, TortureStep } from './steps';

/**
 * A program of its own that does to one machine what it is told, until it is killed: see `torture.ts`.
 * Its arguments: the folder of the processes' entries, that of resources, that of data.
 */

/** Where the fake machine's word lies on its disk, in bytes. */
const wordOffset = 4096;

const [mainFolder = '', resourcesFolder = '', dataFolder = ''] = process.argv.slice(2);
const spec = fakeSpec('Tortured', { nicModel: null, disk: { kind: 'new', sizeMiB: 1 } });

isTheProgram();
const core = await testCore(mainFolder, dataFolder, { resourcesFolder });
const id = core.machines.list()[0]?.id ?? (await createMachine(core, spec));
const { folder } = core.machines.get(id);

async function ended({ jobId }: { jobId: string }): Promise<unknown> {
  const { error, result } = await core.jobs.ended(jobId);
  if (error) throw new Error(`${error.code}: ${error.message}`);
  return result;
}

async function state(): Promise<TortureState> {
  const seen = await look(folder, async (path) => {
    const bytes = Buffer.from(await contentsOf(path)).subarray(wordOffset, wordOffset + 64);
    return bytes.toString('latin1', 0, bytes.indexOf(0));
  });
  return {
    present: seen.present['disk0'] ?? '',
    current: seen.current ?? null,
    snapshots: Object.fromEntries(
      Object.entries(seen.snapshots).map(([one, { parent, disks }]) => [
        one,
        { parent, word: disks['disk0'] ?? '' },
      ]),
    ),
  };
}

async function write(word: string): Promise<void> {
  if (core.machines.get(id).state === 'paused') await core.handlers['machine.resume']({ id });
  if (core.machines.get(id).state !== 'running') await core.handlers['machine.start']({ id });
  const runner = core.machines.power.processOf(core.machines.library.get(id));
  const stream = byteStreamOver(runner.openStream({ name: 'serial', port: 0 }));
  await new Promise<void>((resolve, reject) => {
    let output = '';
    stream.onClose(() => reject(new Error('The machine is gone.')));
    stream.onData((data) => {
      output += new TextDecoder().decode(data);
      // The shell's answer to this command, not to one before.
      if (output.includes(`disk-write ${word}\r\nwritten`)) resolve();
    });
    stream.send(new TextEncoder().encode(`disk-write ${word}\n`));
  });
  stream.close();
  // Only a machine that stands still has put everything onto the host's disk.
  await core.handlers['machine.pause']({ id });
  await core.handlers['machine.resume']({ id });
}

async function carryOut(step: TortureStep): Promise<string | null> {
  switch (step.do) {
    case 'write':
      await write(step.word);
      return null;
    case 'take': {
      const result = await ended(await core.handlers['snapshot.take']({ id, memory: step.memory }));
      return (result as { snapshot: string }).snapshot;
    }
    case 'restore':
      await ended(await core.handlers['snapshot.restore']({ id, snapshot: step.snapshot }));
      return null;
    case 'delete':
      await ended(await core.handlers['snapshot.delete']({ id, snapshots: step.snapshots }));
      // What a running machine still needs of them is merged under it.
      for (const job of core.jobs.list()) if (job.kind === 'mergeDisks') await ended({ jobId: job.id });
      return null;
    case 'powerOff':
      await powerOff();
      return null;
    case 'save':
      if (core.machines.get(id).state === 'running') await ended(await core.handlers['machine.save']({ id }));
      return null;
    case 'compact': {
      await powerOff();
      const image = core.machines.library.get(id).config?.disks[0]?.path ?? '';
      await ended(await core.handlers['disks.compact']({ id, image }));
      return null;
    }
  }
}

async function powerOff(): Promise<void> {
  if (core.machines.get(id).state === 'running') await core.handlers['machine.powerOff']({ id });
}

const tell = (answer: TortureAnswer): void => void process.send?.(answer);

process.on('message', ({ step, death }: TortureOrder) => {
  const answer = (snapshot: string | null, error: string | null): void => {
    const did = changes();
    arm(undefined);
    const machine = core.machines.get(id).runtime?.pid ?? null;
    tell({ did: step.do, snapshot, error, machine, changes: did });
  };
  arm(death ?? undefined);
  carryOut(step).then(
    (snapshot) => answer(snapshot, null),
    (error: unknown) => answer(null, String(error)),
  );
});
process.on('disconnect', () => void core.shutdown('power-off').then(() => process.exit(0)));
const begun = changes();
arm(undefined);
tell({ begun: await state(), complaints: await complaintsAbout(folder, false), changes: begun });
