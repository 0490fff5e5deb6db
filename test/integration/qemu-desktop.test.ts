import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { qemuStateVersion } from '@shared/engine/qemu/saved-state';
import type { ErrorValue } from '@shared/errors';
import { frameText, TextFrames } from '@shared/ipc/text-frames';
import type { MachineConfig } from '@shared/machine/config';
import { hardwareDigest } from '../../src/main/disks/saved-state/hardware-digest';
import { SavedStateWriter } from '../../src/main/disks/saved-state/writer';
import type { EngineEvents, RunningMachine } from '../../src/main/processes/machine/engine';
import { qemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { testLaunch } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { Typist } from '../../src/main/processes/machine/keyboard/typist';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { type Amd64Iso, buildAmd64Iso } from '../guests/amd64.mjs';
import { missingDesktopTools, packDesktopTools, unpackDesktopTools } from '../guests/desktop-tools.mjs';
import { testConfig, testPaths } from '../helpers/machine-config';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';

/** What a console does with a guest that has a desktop: its clipboard, its screen, the monitor of its QEMU. */

const suite = 'a desktop on QEMU';
const qemu = findProgram('qemu-system-x86_64');

async function guest(): Promise<Amd64Iso | undefined> {
  const missing = [...(qemu ? [] : ['qemu-system-x86_64']), ...missingDesktopTools()];
  if (missing.length > 0) {
    sayWhySkipped(suite, `there is no ${missing.join(', ')}`);
    return undefined;
  }
  try {
    return await buildAmd64Iso();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PackagesUnavailable') throw error;
    sayWhySkipped(suite, error.message);
    return undefined;
  }
}
const iso = await guest();

/** A window with a clipboard. */
function windowOf(machine: RunningMachine) {
  const [here, there] = streamPair();
  machine.connectClipboard?.(here);
  const copied: string[] = [];
  const frames = new TextFrames((text) => copied.push(text));
  there.onData((data) => frames.take(data));
  return { copied, copy: (text: string) => there.send(frameText(text)) };
}

describe.skipIf(!iso)(suite, () => {
  let folder: { path: string; remove: () => Promise<void> };
  let machine: RunningMachine;
  let shell: Terminal;
  const problems: ErrorValue[] = [];
  const failures: ErrorValue[] = [];
  const sizes: string[] = [];
  let resumed = 0;
  const events: EngineEvents = {
    stopped: () => {},
    pausedByProblem: (problem) => void problems.push(problem),
    resumed: () => void resumed++,
    failed: (error) => void failures.push(error),
    pointer: () => {},
    screen: ({ width, height }) => void sizes.push(`${width}x${height}`),
    log: () => {},
  };
  const config: MachineConfig = testConfig({
    engine: 'qemu',
    architecture: 'x86_64',
    guest: 'debian',
    memoryMiB: 768,
    boot: ['cdrom'],
    clipboard: 'both',
    disks: [{ id: 'disk0', path: 'tools.img', bus: 'virtio' }],
    drives: [{ id: 'cd0', kind: 'cdrom', path: iso?.path ?? null }],
  });

  async function launch(savedState: string | null = null): Promise<void> {
    const paths = testPaths(folder.path, {
      disks: { disk0: join(folder.path, 'tools.img') },
      drives: { cd0: iso?.path ?? '' },
      savedState,
      qemu: testLaunch(config, { binary: qemu ?? '' }),
    });
    machine = await qemuEngine.launch(qemuEngine.plan(config, paths), events);
    const [here, there] = streamPair();
    shell = new Terminal(there);
    machine.connectSerial(0, here);
  }

  const sh = async (command: string, limitMs = 120_000): Promise<string> =>
    (await shell.ask(`${command}; echo en""d\n`, /(?:^|\n)end\r?\n/, limitMs)).replace(/\r/g, '');

  const until = async (what: string, condition: () => boolean | Promise<boolean>, limitMs = 60_000) => {
    const end = performance.now() + limitMs;
    while (!(await condition())) {
      if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  beforeAll(async () => {
    folder = await temporaryFolder('qemu-desktop');
    packDesktopTools(join(folder.path, 'tools.img'));
    await launch();
    await shell.waitFor(/ready \w+ \w+\s/, 180_000);
    await shell.waitFor(/# /, 180_000);
    await shell.ask('stty -echo; PS1=; echo qui""et\n', /\nquiet\r?\n/);
    await sh(unpackDesktopTools('/dev/vda'));
    await sh('export DISPLAY=:0; mkdir -p /t/run/spice-vdagentd');
    await sh('(chroot /t /usr/bin/Xvfb :0 -screen 0 640x480x24 >/t/x.log 2>&1 &)');
    await sh('until [ -e /t/tmp/.X11-unix/X0 ]; do sleep 1; done');
    const port = 'port=$(grep -l com.redhat.spice.0 /sys/class/virtio-ports/*/name | cut -d/ -f5)';
    await sh(
      `${port}; (chroot /t /usr/sbin/spice-vdagentd -x -d -X -f -u /dev/null -s /dev/$port >/t/d.log 2>&1 &)`,
    );
    await sh('until [ -S /t/run/spice-vdagentd/spice-vdagent-sock ]; do sleep 1; done');
    await sh('(chroot /t /usr/bin/spice-vdagent -x -d -s /dev/$port >/t/a.log 2>&1 &)');
    await sh('until grep -q . /t/a.log; do sleep 1; done');
  }, 300_000);
  afterAll(async () => {
    await machine?.powerOff();
    await folder?.remove();
  });

  async function sharesBothWays(mark: string): Promise<void> {
    const window = windowOf(machine);
    // From the host: what the guest’s programs paste, once its agent has heard of it.
    const text = `für den Gast ${mark} 名前`;
    const pasted = 'timeout 5 chroot /t /usr/bin/xclip -selection clipboard -o | md5sum';
    const sum = await sh(`printf '%s' '${text}' | md5sum`);
    await until(
      'the guest pastes the host’s text',
      async () => {
        window.copy(`${text}-`);
        window.copy(text);
        return (await sh(pasted)).split(' ')[0] === sum.split(' ')[0];
      },
      60_000,
    );
    // From the guest, with more than fits into one chunk of the agent’s.
    await sh(
      `seq 1 4000 | sed 's/$/ ${mark}/' > /t/copied; chroot /t /usr/bin/xclip -selection clipboard -i /copied >/dev/null 2>&1`,
    );
    await until('the host gets the guest’s text', () =>
      window.copied.some((one) => one.includes(`4000 ${mark}`)),
    );
    const lines = Array.from({ length: 4000 }, (_, index) => `${index + 1} ${mark}\n`);
    expect(window.copied.at(-1)).toBe(lines.join(''));
  }

  it('shares its clipboard both ways, and goes on doing so from a saved state', async () => {
    await sharesBothWays('before').catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await sh('tail -n 30 /t/*.log')}`);
    });
    await machine.pause();
    const path = join(folder.path, 'state.viv');
    const identity = {
      engine: 'qemu',
      engineVersion: qemuStateVersion,
      hardwareDigest: hardwareDigest(config),
    };
    const writer = await SavedStateWriter.create(path, identity);
    await machine.saveState(writer);
    await writer.finish();
    await machine.powerOff();
    await launch(path);
    await sharesBothWays('after');
  });

  it('has a monitor, and what it does to the machine is noticed', async () => {
    const [here, there] = streamPair();
    const monitor = new Terminal(there);
    machine.connectMonitor?.(here);
    await monitor.waitFor('(qemu) ');
    await monitor.ask('info name\r', /Test machine/);
    // A terminal with a memory: the last command again.
    await monitor.ask('\x1b[A\r', /info name[^]*Test machine/);
    await monitor.ask('stop\r', '(qemu) ');
    await until('the machine is known to stand still', () => problems.length === 1);
    expect(problems[0]?.message).toMatch(/monitor/);
    await monitor.ask('cont\r', '(qemu) ');
    await until('the machine is known to run', () => resumed === 1);
    // A migration leaves a machine standing, whose disks nobody has taken over: it goes on like any other.
    const path = join(folder.path, 'm');
    const taker = createServer((socket) => socket.resume()).listen(path);
    await monitor.ask(`migrate unix:${path}\r`, '(qemu) ', 120_000);
    await until('the machine is known to stand still', () => problems.length === 2);
    taker.close();
    await monitor.ask('cont\r', '(qemu) ');
    await until('the machine is known to run', () => resumed === 2);
    expect(await sh('echo still $((6*7))')).toContain('still 42');
  });

  it('takes the size that its viewer asks for, while it runs', async () => {
    // The commands of the console's own viewer, sent as bytes: the version, no password, shared, and two messages.
    const [here, there] = streamPair();
    machine.connectGraphics(here);
    const seen = { bytes: 0 };
    there.onData((data) => void (seen.bytes += data.length));
    const say = async (bytes: number[], answer: number): Promise<void> => {
      const wanted = seen.bytes + answer;
      there.send(Uint8Array.from(bytes));
      await until('the screen answers', () => seen.bytes >= wanted);
    };
    await until('the screen says its version', () => seen.bytes >= 12);
    await say([...Buffer.from('RFB 003.008\n')], 2);
    await say([1], 4);
    await say([1], 24);
    const extendedDesktopSize = [0xff, 0xff, 0xfe, 0xcc];
    there.send(Uint8Array.from([2, 0, 0, 1, ...extendedDesktopSize]));
    const [width, height] = [1000, 620];
    const size = [width >> 8, width & 0xff, height >> 8, height & 0xff];
    there.send(Uint8Array.from([251, 0, ...size, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...size, 0, 0, 0, 0]));
    // First by the monitor's own list of modes, as a desktop learns of it …
    const modes = 'cat /sys/class/drm/card0-Virtual-1/modes';
    await until('the guest hears of the new size', async () =>
      (await sh(modes)).startsWith(`${width}x${height}\n`),
    );
    // … and then by a program that draws in that mode.
    const connector = (
      await sh('chroot /t /usr/bin/modetest -M virtio_gpu -c | awk \'$3 == "connected" { print $1 }\'')
    ).split('\n')[0];
    await sh(
      `((sleep 8; echo) | chroot /t /usr/bin/modetest -M virtio_gpu -s ${connector}:${width}x${height} >/t/m.log 2>&1 &)`,
    );
    await until('the screen has the new size', () => sizes.at(-1) === `${width}x${height}`);
  });

  it('takes a text that is typed on its screen', async () => {
    const text = 'echo "~!@#$%^&*()_+{}|:<>?"' + " '`[]\\;,./-=' > /dev/ttyS0\n";
    const from = shell.text.length;
    new Typist(() => 'running').begin(text, (bytes) => machine.sendScancodes(bytes));
    await shell.waitFor('~!@#$%^&*()_+{}|:<>? `[]\\;,./-=', 60_000, from);
  });

  it('says so when it was ended in the monitor', async () => {
    const [here, there] = streamPair();
    const monitor = new Terminal(there);
    machine.connectMonitor?.(here);
    await monitor.waitFor('(qemu) ');
    monitor.type('quit\r');
    await until('its end is told', () => failures.length === 1);
    expect(failures[0]?.message).toMatch(/told to quit in its monitor/);
  });
});
