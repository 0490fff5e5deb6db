import '../../../src/renderer/ui/strict-csp';
import { Failure } from '@shared/errors';
import { byteStreamOver, type StreamChannel } from '@shared/ipc/byte-stream';
import { commands, type Commands, type Events, type Job, type Preferences } from '@shared/ipc/contract';
import type { Message } from '@shared/ipc/messages';
import { serveRpc, type Handlers, type RpcServer } from '@shared/ipc/rpc';
import { transition, type MachineEvent } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { defaultNetwork } from '@shared/network/config';
import type { NetworkSummary } from '@shared/network/summary';
import { noUpdateKnown } from '@shared/updates/status';
import * as data from './data';
import { deviceHandlers } from './devices';
import { diskHandlers } from './disks';
import { snapshotHandlers } from './snapshots';
import { sendStatistics } from './statistics';

/**
 * A backend inside the page, behind the same contract and the same bridge as the real one: for looking at screens
 * and testing them in a browser without main. Nothing of it is part of the app.
 */

interface Options {
  empty?: boolean;
  /** How many more machines there are, all off. */
  more?: number;
  preferences?: Partial<Preferences>;
}
const options = (window as { vivariumOptions?: Options }).vivariumOptions ?? {};

let toPage: (message: unknown) => void = () => undefined;
let toBackend: (message: unknown) => void = () => undefined;

const machines = new Map<string, MachineSummary>(
  options.empty ? [] : data.machines().map((machine) => [machine.id, machine]),
);
for (let index = 0; index < (options.more ?? 0); index++) {
  const machine = data.machine(100 + index, `Machine ${index + 1}`, 'off', 'linux');
  machines.set(machine.id, machine);
}
let preferences: Preferences = {
  theme: 'light',
  language: 'en',
  libraryView: 'cards',
  welcomed: true,
  ...options.preferences,
};
const jobs = new Map<string, Job>();
let serial = 0;

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function find(id: string): MachineSummary {
  const machine = machines.get(id);
  if (!machine) throw new Failure('machine.not-found', 'There is no such machine.');
  return machine;
}

function put(machine: MachineSummary): MachineSummary {
  machines.set(machine.id, machine);
  server.emit('machine.changed', machine);
  return machine;
}

function step(id: string, ...path: MachineEvent[]): MachineSummary {
  let machine = find(id);
  for (const event of path) {
    const state = transition(machine.state, event);
    if (!state) throw new Failure('machine.wrong-state', `“${machine.name}” is ${machine.state}.`);
    machine = {
      ...machine,
      state,
      problem: null,
      runtime: ['running', 'paused'].includes(state) ? data.machine(1, '', 'running', 'x').runtime : null,
    };
  }
  return put(machine);
}

/** A job that counts to its end. */
function startJob(
  kind: Job['kind'],
  subject: string,
  title: string,
  total: number,
  end: () => unknown,
): string {
  const job: Job = {
    id: `job${++serial}`,
    kind,
    subject,
    title,
    state: 'running',
    done: 0,
    total,
    unit: total > 1000 ? 'bytes' : 'steps',
    cancellable: true,
    error: null,
    result: null,
  };
  const tell = (change: Partial<Job>): void => {
    const next = { ...(jobs.get(job.id) ?? job), ...change };
    jobs.set(job.id, next);
    server.emit('job.changed', next);
  };
  void (async () => {
    for (let tenth = 0; tenth <= 10; tenth++) {
      if (jobs.get(job.id)?.state === 'cancelled') return;
      tell({ done: (total * tenth) / 10 });
      await later(300);
    }
    tell({ state: 'done', result: end() });
  })();
  jobs.set(job.id, job);
  return job.id;
}

let network: NetworkSummary = {
  id: 'nat',
  config: defaultNetwork(),
  running: false,
  ports: [],
  users: [],
  leases: [],
  uplink: null,
  proxyProblem: null,
  forwardProblems: {},
};

/** What it does not know it answers with `ipc.unknown-command`, as main does with what it does not have. */
const handlers: Partial<Handlers<Commands>> = {
  'app.info': () => ({
    version: '0.1.0',
    shell: 'electron',
    platform: 'linux',
    dataFolder: '/home/person/.local/share/vivarium',
    nativeDialogs: false,
    canTrash: true,
    canShowInFolder: true,
    development: false,
  }),
  'app.quit': () => undefined,
  'app.cancelQuit': () => undefined,
  'app.desktop': () => ({ tray: true, launchAtLogin: false, sleep: true, notifications: true }),
  'app.setLaunchAtLogin': () => undefined,
  'app.openPath': ({ path }) => ({ kind: 'image', path }),
  'updates.get': () => ({ ...noUpdateKnown('itself'), state: 'available', version: '0.2.0' }),
  'host.report': () => data.hostReport(),
  'host.engines': () => data.hostReport().engines,
  'host.pickPath': () => null,
  'host.checkQemuFolder': ({ path }) => [
    { architecture: 'x86_64', path: `${path}/qemu-system-x86_64`, version: '7.2.22', problem: null },
  ],
  'host.listFolder': ({ path = '/home/person' }) => {
    if (path.endsWith('.iso')) throw new Failure('file.not-a-file', `“${path}” is not a folder.`);
    return {
      path,
      parent: path === '/' ? null : path.slice(0, path.lastIndexOf('/')) || '/',
      entries: [
        { name: '.cache', path: `${path}/.cache`, kind: 'folder', size: 0 },
        ...['Documents', 'Downloads', 'images'].map((name) => ({
          name,
          path: `${path}/${name}`,
          kind: 'folder' as const,
          size: 0,
        })),
        { name: 'starter-linux.iso', path: `${path}/starter-linux.iso`, kind: 'file', size: 21_000_000 },
        { name: 'freedos.img', path: `${path}/freedos.img`, kind: 'file', size: 1_474_560 },
      ],
      truncated: false,
    };
  },
  'media.discard': () => undefined,
  'media.inspect': ({ path }) => ({
    path,
    fileName: path.split('/').at(-1) ?? path,
    size: 21_000_000,
    kind: 'cdrom',
    bootable: true,
    title: 'Starter Linux 1.0',
    volumeId: 'STARTER',
    guest: 'starter-linux',
    architecture: 'i386',
    kernelBits: [32],
    evidence: ['El Torito boot record (BIOS)', '/boot/vmlinuz: 32-bit Linux 6.1'],
    warnings: [],
  }),
  'gallery.list': () => data.galleryItems(),
  'gallery.download': ({ id }) => ({
    jobId: startJob('download', id, `Downloading ${id}`, 700_000_000, () => '/x.iso'),
  }),
  'gallery.openPage': () => undefined,
  'machine.list': () => [...machines.values()],
  'machine.get': ({ id }) => find(id),
  'machine.create': ({ spec }) => ({
    jobId: startJob('create', spec.name, `Creating “${spec.name}”`, 10, () => {
      const machine = data.machine(20 + machines.size, spec.name, 'off', spec.guest);
      put(machine);
      return { id: machine.id };
    }),
  }),
  'machine.open': ({ path }) => put(data.machine(50, path.split('/').at(-1) ?? path, 'off', 'linux')),
  'machine.rename': ({ id, name }) => put({ ...find(id), name }),
  'machine.configure': ({ id, settings }) => {
    const machine = find(id);
    return put({ ...machine, config: machine.config && { ...machine.config, ...settings } });
  },
  'machine.rescan': () => [...machines.values()],
  'machine.delete': ({ id }) => {
    machines.delete(id);
    server.emit('machine.removed', { id });
    return undefined;
  },
  'machine.start': async ({ id }) => {
    step(id, find(id).state === 'saved' ? 'restore' : 'start');
    await later(400);
    return step(id, 'started');
  },
  'machine.pause': ({ id }) => step(id, 'pause'),
  'machine.resume': ({ id }) => step(id, 'resume'),
  'machine.reset': ({ id }) => find(id),
  'machine.powerButton': ({ id }) => {
    step(id, 'stopped');
    return undefined;
  },
  'machine.powerOff': ({ id }) => step(id, 'stop', 'stopped'),
  'machine.save': ({ id }) => {
    step(id, 'save');
    return {
      jobId: startJob('save', id, `Saving “${find(id).name}”`, 256e6, () => {
        step(id, 'saved');
        return null;
      }),
    };
  },
  'machine.saveObstacle': () => null,
  'machine.discardSavedState': ({ id }) => step(id, 'discard'),
  'machine.insertMedium': ({ id, drive, path }) => {
    const machine = find(id);
    const drives = machine.config?.drives.map((one) => (one.id === drive ? { ...one, path } : one)) ?? [];
    return put({ ...machine, config: machine.config && { ...machine.config, drives } });
  },
  'machine.sendKeys': () => undefined,
  'machine.typeText': () => undefined,
  'machine.memoryTarget': ({ id, memoryMiB }) => {
    const machine = find(id);
    if (machine.config) machine.config.memoryTargetMiB = memoryMiB;
    server.emit('machine.changed', machine);
    return machine;
  },
  'machine.screenshot': () => ({ path: '/x.png', png: '' }),
  'machine.savedScreen': async ({ id }) =>
    screenOf(find(id).name).toDataURL('image/png').split(',')[1] ?? null,
  'machine.showInFolder': () => undefined,
  'machine.openConsole': () => undefined,
  'machine.log': () => [
    '2026-05-20T09:00:00.000Z The machine starts',
    '2026-05-20T09:00:00.412Z v86 0.5.462, 256 MiB of memory',
    '2026-05-20T09:00:01.003Z The guest runs',
  ],
  'network.list': () => [network],
  'network.get': () => network,
  'network.setForward': ({ forward }) => {
    const forwards = [...network.config.forwards, { ...forward, id: forward.id ?? `f${Date.now()}` }];
    network = { ...network, config: { ...network.config, forwards } };
    return network;
  },
  'network.removeForward': ({ forward }) => {
    const forwards = network.config.forwards.filter(({ id }) => id !== forward);
    network = { ...network, config: { ...network.config, forwards } };
    return network;
  },
  ...deviceHandlers({ find, put, startJob }),
  ...diskHandlers({ machines: () => [...machines.values()], find, put, startJob }),
  ...snapshotHandlers({ find, startJob, screenOf, emit: (name, value) => server.emit(name, value) }),
  'job.list': () => [...jobs.values()],
  'job.cancel': ({ id }) => {
    const job = jobs.get(id);
    if (!job) throw new Failure('job.not-found', 'There is no such task.');
    jobs.set(id, { ...job, state: 'cancelled' });
    server.emit('job.changed', { ...job, state: 'cancelled' });
    return undefined;
  },
  'preferences.get': () => preferences,
  'preferences.set': (change) => {
    preferences = { ...preferences, ...change };
    server.emit('preferences.changed', preferences);
    return preferences;
  },
  'selftest.run': ({ engine }) => ({
    jobId: startJob('selftest', engine, 'Self-test', 10, () => ({ ok: true, engine, shellMs: 9120 })),
  }),
};

/** A text screen as a machine would show it. */
function screenOf(name: string): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = 720;
  canvas.height = 400;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = '#000';
  context.fillRect(0, 0, 720, 400);
  context.fillStyle = '#b8b8b8';
  context.font = '16px monospace';
  const lines = [
    `Welcome to ${name}`,
    '',
    'login: root',
    '# uname -a',
    'Linux 6.1 i686',
    `# ${new Date().toISOString()}`,
  ];
  lines.forEach((line, index) => context.fillText(line, 8, 20 + index * 18));
  return canvas;
}

function portChannel(port: MessagePort): StreamChannel {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => {
      port.onmessage = ({ data: message }: MessageEvent<unknown>) => {
        if (typeof message === 'string' || message instanceof Uint8Array) listener(message);
      };
    },
    onClose: () => undefined,
    close: () => port.postMessage(null),
  };
}

async function sendThumbnails(port: MessagePort, id: string): Promise<void> {
  const stream = byteStreamOver(portChannel(port));
  for (let turn = 0; turn < 20; turn++) {
    const blob = await new Promise<Blob | null>((resolve) => screenOf(find(id).name).toBlob(resolve));
    if (blob) stream.send(new Uint8Array(await blob.arrayBuffer()));
    await stream.drained();
    await later(500);
  }
}

window.vivarium = {
  post: (message: Message) => setTimeout(() => toBackend(message), 5),
  onMessage: (listener) => {
    toPage = listener;
  },
  openStream: (requestId, name, params) => {
    const { port1, port2 } = new MessageChannel();
    if (name === 'machine.statistics') {
      const { id, history } = params as { id: string; history: boolean };
      sendStatistics(portChannel(port1), history, () => find(id).state === 'running');
    } else if (name === 'console.thumbnail') {
      void sendThumbnails(port1, (params as { id: string }).id);
    } else {
      const error = { code: 'host.unavailable', message: 'This backend has no such stream.' };
      window.postMessage({ vivariumStream: requestId, error });
      return;
    }
    window.postMessage({ vivariumStream: requestId }, '*', [port2]);
  },
  pathOf: (file) => `/home/person/images/${file.name}`,
};

const server: RpcServer<Events> = serveRpc(
  {
    post: (message) => setTimeout(() => toPage(JSON.parse(JSON.stringify(message))), 5),
    onMessage: (listener) => {
      toBackend = listener;
    },
    onClose: () => undefined,
  },
  commands,
  handlers as Handlers<Commands>,
  undefined,
  (reason) => console.error(`The backend refused ${reason}`),
);

/** For tests: lets the page receive any event. */
(window as { vivariumEmit?: typeof server.emit }).vivariumEmit = server.emit.bind(server);
