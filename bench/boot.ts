import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import { machineProcessCommands, machineProcessEvents } from '@shared/ipc/machine-process';
import { rpcClient } from '@shared/ipc/rpc';
import { nodeProcessHost } from '../src/main/platform/node-process-host';
import { ModelClient } from '../src/main/processes/machine/rfb/testing/model-client';
import { starterLinuxIso, testConfig, testPaths } from '../test/helpers/machine-config';
import { temporaryFolder } from '../test/helpers/temp-folder';
import { Terminal } from '../test/helpers/terminal';
import { median } from './median';
import { threadCpuMs } from './process-cpu';
import type { Bench, BenchResult } from './types';

const rounds = 5;
const limitMs = 180_000;
const turns = 30_000;
const end = 'loop-over';
/** The word is split, so that the echo of the command is not taken for its end. */
const loop = `i=0; while [ $i -lt ${turns} ]; do i=$((i+1)); done; echo loop-""over\n`;

/** Milliseconds that the emulating thread has computed. */
interface Measured {
  shellMs: number;
  loopMs: number;
}

/** Takes every update that the machine offers, as an open console does. */
async function watch(viewer: ModelClient): Promise<void> {
  await viewer.connect();
  viewer.setEncodings(0, -223);
  viewer.request(false);
  for (;;) {
    await viewer.update();
    viewer.request(true);
  }
}

/** Our machine process, with a console open. */
async function measureOurs(): Promise<Measured> {
  const folder = await temporaryFolder('bench');
  const child = nodeProcessHost(join(import.meta.dirname, '../out/main')).start('machine-process', 'bench');
  const rpc = rpcClient(child, machineProcessCommands, machineProcessEvents, () => {});
  try {
    const config = testConfig({
      memoryMiB: 128,
      videoMemoryMiB: 16,
      acpi: false,
      boot: ['cdrom'],
      drives: [{ id: 'cd0', kind: 'cdrom', path: null }],
    });
    const terminal = new Terminal(byteStreamOver(child.openStream({ name: 'serial', port: 0 })));
    const viewer = new ModelClient(byteStreamOver(child.openStream({ name: 'graphics' })));
    watch(viewer).catch(() => {}); // the machine ends under it
    // The emulator's speed is the question, not how fast a program of Node starts.
    await rpc.call('ping', {});
    const computed = () => threadCpuMs(child.pid ?? 0);
    const started = computed();
    await rpc.call('launch', { config, paths: testPaths(folder.path, { drives: { cd0: starterLinuxIso } }) });
    await terminal.waitFor('Starter Linux ready', limitMs);
    const shellMs = computed() - started;
    await terminal.ask('\n', '# ', limitMs);
    // Once for V8, which compiles what runs often; how long that takes is not the question.
    await terminal.ask(loop, end, limitMs);
    await terminal.ask('\n', '# ', limitMs);
    const loopStarted = computed();
    await terminal.ask(loop, end, limitMs);
    return { shellMs, loopMs: computed() - loopStarted };
  } finally {
    child.kill();
    await child.exited;
    await folder.remove();
  }
}

async function measureBare(): Promise<Measured> {
  const script = join(import.meta.dirname, 'peers/bare-v86.mjs');
  const { bios } = testPaths('');
  const args = [script, starterLinuxIso, bios, loop, end];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: limitMs });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  return JSON.parse(last) as Measured;
}

/** The ratio is the median of each round's own: what a neighbour's load does to a round, it does to both sides. */
function compare(name: string, unit: string, ours: number[], bare: number[]): BenchResult {
  const value = median(ours);
  const peerValue = median(bare);
  const ratio = median(ours.map((speed, round) => speed / (bare[round] as number)));
  return { name, value, unit, peer: 'bare v86', peerValue, ratio, goal: 'ratio >= 0.98', ok: ratio >= 0.98 };
}

/**
 * Boot and computation with a console open, against the bare emulator: speeds, so more is better. Measured in time
 * that the emulating thread has computed: the clock of a computer that others share shows what they do, and differs
 * between two runs of the same program by more than what is asked for here.
 */
const bench: Bench = {
  name: 'boot',
  async run() {
    const ours: Measured[] = [];
    const bare: Measured[] = [];
    // In turns, so that both meet the same weather.
    for (let round = 0; round < rounds; round++) {
      ours.push(await measureOurs());
      bare.push(await measureBare());
    }
    const boots = (list: Measured[]) => list.map(({ shellMs }) => 60_000 / shellMs);
    const loops = (list: Measured[]) => list.map(({ loopMs }) => turns / loopMs);
    return [
      compare('boot to shell', 'boots/min', boots(ours), boots(bare)),
      compare('CPU loop', 'turns/ms', loops(ours), loops(bare)),
    ];
  },
};

export default bench;
