import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import type { ExportFormat } from '@shared/disk/library';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hostFailure, openHostFile } from '../disks/host-file';
import { type ForeignFormat, foreignFormat } from '../disks/image-format';
import { nameNew, refuseExisting } from '../disks/name-new';
import { findProgram, runProgram } from '../platform/program';

/** How long qemu-img may take to look at an image, in milliseconds. */
const lookMs = 20_000;

/** What `qemu-img info` says of an image, as far as it matters here. */
const info = z.object({
  'backing-filename': z.string().optional(),
  'format-specific': z
    .object({ data: z.object({ extents: z.array(z.object({ filename: z.string() })).optional() }) })
    .optional(),
});

export interface ForeignControl {
  signal: AbortSignal;
  progress(done: number, total: number | null): void;
}

/** The format of another program that an image has. @throws Failure `file.*` */
export async function foreignFormatOf(path: string): Promise<ForeignFormat | undefined> {
  const file = await openHostFile(path, { readOnly: true, unlocked: true });
  try {
    return await foreignFormat(file);
  } finally {
    await file.close();
  }
}

/**
 * Makes a qcow2 or raw image of another program's, with QEMU's `qemu-img`. Both are compared before the new one gets
 * its name. An image that takes data from other files is refused: it may come from anywhere, and those could be any
 * files of this computer.
 *
 * @throws Failure `host.unavailable` without qemu-img, `disk.unsupported`, `disk.corrupt`, `cancelled`, `file.*`
 */
export async function convertForeign(
  source: string,
  { qemuName, format: title }: ForeignFormat,
  target: string,
  format: ExportFormat,
  { signal, progress }: ForeignControl,
): Promise<void> {
  const program = await findProgram('qemu-img');
  if (program === undefined) {
    throw new Failure('host.unavailable', phrase('imageUse.noQemuImg', { format: title }), {
      hint: phrase('imageUse.noQemuImgHint'),
    });
  }
  await refuseOtherFiles(program, source, qemuName);
  await refuseExisting(target);
  const unfinished = `${target}.${randomBytes(4).toString('hex')}.part`;
  try {
    const convert = ['convert', '-p', '-f', qemuName, '-O', format, source, unfinished];
    await run(program, convert, signal, (share) => progress(Math.round(share * 500), 1000));
    const compare = ['compare', '-p', '-f', qemuName, '-F', format, source, unfinished];
    await run(program, compare, signal, (share) => progress(Math.round(500 + share * 500), 1000));
    const made = await openHostFile(unfinished, { readOnly: false });
    await made.datasync().finally(() => made.close());
    await nameNew(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw hostFailure(error, 'create', target);
  }
}

async function refuseOtherFiles(program: string, source: string, qemuName: string): Promise<void> {
  let said: z.infer<typeof info>;
  try {
    const text = await runProgram(program, ['info', '-U', '-f', qemuName, '--output=json', source], lookMs);
    said = info.parse(JSON.parse(text));
  } catch (error) {
    throw new Failure('disk.corrupt', phrase('imageUse.qemuImgCannot', { path: source }), { cause: error });
  }
  const others = (said['format-specific']?.data.extents ?? []).map(({ filename }) => filename);
  const other = [...others, said['backing-filename'] ?? source].find((name) => name !== source);
  if (other === undefined) return;
  throw new Failure('disk.unsupported', phrase('imageUse.otherData', { path: source, other }), {
    hint: phrase('imageUse.otherDataHint'),
  });
}

/** Runs qemu-img to its end. @param onShare told how much of it is done, from 0 to 1 */
function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<void> {
  const env = { ...process.env, LC_ALL: 'C' };
  const child: ChildProcess = spawn(program, [...args], {
    env,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let complaint = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const share = [...text.matchAll(/\((\d+\.\d+)\/100%\)/g)].at(-1)?.[1];
    if (share !== undefined) onShare(Number(share) / 100);
  });
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
  return new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (signal.aborted) reject(new Failure('cancelled', phrase('task.conversionCancelled')));
      else if (code === 0) resolve();
      else {
        const full = complaint.includes('No space left');
        reject(
          new Failure(
            full ? 'file.no-space' : 'disk.corrupt',
            phrase('imageUse.qemuImgFailed', { command: args[0] ?? '', complaint: complaint.trim() }),
          ),
        );
      }
    });
  }).finally(() => signal.removeEventListener('abort', stop));
}
