import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { captureRequest } from '@shared/network/capture';
import { ended, seconds, start, withSwitch } from './stations';

/** How a round of our switch is done. */
export interface Setting {
  /** A capture: not at all, one that has ended, or one that goes on. */
  capture?: 'ended' | 'running';
}

/** Frames a second through our switch. */
export function throughOurs(
  built: string,
  folder: string,
  frames: string,
  size: number,
  { capture }: Setting,
): Promise<number> {
  return withSwitch(built, folder, async (plug, unplug, rpc) => {
    if (capture) await rpc.call('startCapture', captureRequest.parse({ port: null }));
    if (capture === 'ended') await rpc.call('stopCapture', {});
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    const counter = start(frames, ['count', `unix:${to}`, String(size), seconds]);
    await plug('to', to);
    await sleep(300);
    const sender = start(frames, ['send', `unix:${from}`, String(size), seconds]);
    await plug('from', from);
    const rate = await counter.output;
    await sender.output;
    await unplug('from');
    await unplug('to');
    execFileSync('rm', ['-f', from, to]);
    return rate;
  });
}

/** A hub of QEMU's, which connects to both stations. */
export async function throughHub(
  program: string,
  folder: string,
  frames: string,
  size: number,
): Promise<number> {
  const [from, to] = [join(folder, 'hub-from'), join(folder, 'hub-to')];
  const counter = start(frames, ['count', `unix:${to}`, String(size), seconds]);
  const sender = start(frames, ['send', `unix:${from}`, String(size), seconds]);
  await sleep(300);
  const plug = (id: string, path: string): string[] => [
    ...['-netdev', `stream,id=${id},server=off,addr.type=unix,addr.path=${path}`],
    ...['-netdev', `hubport,id=${id}-hub,hubid=0,netdev=${id}`],
  ];
  const hub = spawn(
    program,
    [
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-M',
      'none',
      ...plug('to', to),
      ...plug('from', from),
    ],
    { stdio: 'ignore' },
  );
  try {
    const rate = await counter.output;
    await sender.output;
    return rate;
  } finally {
    hub.kill('SIGKILL');
    await ended(hub);
    execFileSync('rm', ['-f', from, to]);
  }
}

export async function throughVde(
  program: string,
  folder: string,
  frames: string,
  size: number,
): Promise<number> {
  const path = join(folder, 'vde');
  const bridge = spawn(program, ['-s', path, '-x'], { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    await sleep(300);
    const counter = start(frames, ['count', `vde:${path}`, String(size), seconds]);
    await sleep(300);
    const sender = start(frames, ['send', `vde:${path}`, String(size), seconds]);
    const rate = await counter.output;
    await sender.output;
    return rate;
  } finally {
    bridge.kill('SIGKILL');
    await ended(bridge);
    execFileSync('rm', ['-rf', path]);
  }
}
