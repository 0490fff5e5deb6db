import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ByteStream } from '@shared/ipc/byte-stream';
import { starterLinuxIso } from '../../test/helpers/machine-config';
import { temporaryFolder } from '../../test/helpers/temp-folder';
import { Terminal } from '../../test/helpers/terminal';
import { createDisk } from '../qemu/disk';
import { quiet, run } from '../qemu/machines';
import { timed } from './timed';

const runFile = promisify(execFile);
const uri = ['-c', 'qemu:///system'];
const domain = 'vivarium-bench';
const commandMs = 120_000;
const answerMs = 20_000;

/** What a snapshot by libvirt took. The guest stands still for all of it. */
export interface VirshMeasured {
  takeMs: number;
  /** Of the memory, in bytes. */
  bytes: number;
}

async function virsh(...args: string[]): Promise<string> {
  return (await runFile('virsh', [...uri, ...args], { timeout: commandMs })).stdout;
}

/** libvirt's daemons, where nobody has started them. Null where they cannot be had: only root's own see QEMU here. */
async function startDaemons(): Promise<(() => Promise<void>) | null> {
  const works = (): Promise<boolean> =>
    virsh('version').then(
      () => true,
      () => false,
    );
  if (await works()) return () => Promise.resolve();
  const programs = ['/usr/sbin/virtlogd', '/usr/sbin/libvirtd'];
  const found = await Promise.all([...programs, '/usr/bin/virsh'].map((file) => access(file))).catch(
    () => null,
  );
  if (found === null || process.getuid?.() !== 0) return null;
  const daemons: ChildProcess[] = programs.map((program) => spawn(program, [], { stdio: 'ignore' }));
  const stop = async (): Promise<void> => {
    for (const daemon of daemons.reverse()) {
      if (daemon.exitCode !== null) continue;
      const exited = once(daemon, 'exit');
      daemon.kill();
      await exited;
    }
  };
  for (const end = performance.now() + answerMs; performance.now() < end;) {
    if (await works()) return stop;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await stop();
  return null;
}

function definition(folder: string, memoryMiB: number): string {
  return `<domain type="qemu">
  <name>${domain}</name>
  <memory unit="MiB">${memoryMiB}</memory>
  <vcpu>1</vcpu>
  <os><type arch="x86_64" machine="q35">hvm</type><boot dev="cdrom"/></os>
  <features><acpi/></features>
  <seclabel type="static" model="dac" relabel="no"><label>+0:+0</label></seclabel>
  <devices>
    <disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="${folder}/disk.qcow2"/>
      <target dev="vda" bus="virtio"/></disk>
    <disk type="file" device="cdrom"><driver name="qemu" type="raw"/><source file="${path.resolve(starterLinuxIso)}"/>
      <target dev="sda" bus="sata"/><readonly/></disk>
    <serial type="unix"><source mode="bind" path="${folder}/serial"/><target port="0"/></serial>
    <memballoon model="none"/>
  </devices>
</domain>`;
}

function streamOf(socket: net.Socket): ByteStream {
  return {
    send: (data) => void socket.write(data),
    onData: (listener) => void socket.on('data', (data: Buffer) => void listener(data)),
    onClose: (listener) => void socket.once('close', () => listener()),
    close: () => socket.destroy(),
    unsent: 0,
    drained: () => Promise.resolve(),
  };
}

/**
 * External snapshots with memory of the same kind of guest by `virsh snapshot-create-as`. Undefined where there is no
 * libvirt. It cannot go back to them (version 9), so that nothing is said of that.
 */
export async function measureVirsh(
  memoryMiB: number,
  fill: string,
  rounds: number,
): Promise<VirshMeasured[] | undefined> {
  const stopDaemons = await startDaemons();
  if (stopDaemons === null) return undefined;
  const folder = await temporaryFolder('bench-virsh');
  try {
    await createDisk(path.join(folder.path, 'disk.qcow2'));
    await writeFile(path.join(folder.path, 'domain.xml'), definition(folder.path, memoryMiB));
    await virsh('create', path.join(folder.path, 'domain.xml'));
    const socket = net.connect(path.join(folder.path, 'serial'));
    await once(socket, 'connect');
    const terminal = new Terminal(streamOf(socket));
    await quiet(terminal);
    await run(terminal, fill);
    const measured: VirshMeasured[] = [];
    for (let round = 0; round < rounds; round++) {
      const memory = path.join(folder.path, `memory${round}`);
      const disk = `vda,snapshot=external,file=${path.join(folder.path, `disk${round}.qcow2`)}`;
      const options = ['--memspec', `file=${memory},snapshot=external`, '--diskspec', disk];
      const takeMs = await timed(() => virsh('snapshot-create-as', domain, `round${round}`, ...options));
      measured.push({ takeMs, bytes: (await stat(memory)).size });
    }
    socket.destroy();
    return measured;
  } finally {
    await virsh('destroy', domain).catch(() => undefined); // one that never began
    await stopDaemons();
    await folder.remove();
  }
}
