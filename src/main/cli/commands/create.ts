import { Failure } from '@shared/errors';
import { defaultsFor } from '@shared/guests/defaults';
import { refusal } from '@shared/guests/refusal';
import { type GuestSource, subjectOf } from '@shared/guests/subject';
import type { EngineStatus } from '@shared/host/report';
import type { MachineSpec } from '@shared/machine/config';
import { toFailure } from '@shared/errors';
import { resolve } from 'node:path';
import type { Client } from '../connect';
import { waitForJob } from '../jobs';
import { printResult } from '../output';
import { UsageError } from '../usage-error';
import { parseOptions, wholeNumber } from './options';
import type { SpecialCommand } from './special';

/** What a machine is made of: what is known of it, and where its image is. */
interface Source {
  source: GuestSource;
  path: string | null;
}

/** `vivarium create`: what the wizard does, with its defaults. */
export const create: SpecialCommand = {
  words: ['create'],
  usage:
    'NAME (--gallery ID | --image FILE) [--engine ENGINE] [--memory-mib N] [--cpus N] [--disk-mib N] [--start]',
  summary: 'Makes a machine from a system of the gallery or an image of your own',
  options: ['gallery', 'image', 'engine', 'memory-mib', 'cpus', 'disk-mib', 'start'],
  details: [
    'What is not said is chosen for the system, as the wizard does. --disk-mib 0 makes no disk.',
    '`vivarium machine create` takes every setting by name.',
  ],
  examples: [
    'vivarium create Trial --gallery starter-linux --start',
    'vivarium create Debian --image ~/debian-12.iso --memory-mib 2048',
  ],
  async run(words, { client: connected, output }) {
    const { values, positionals } = parseOptions(words, ['NAME'], {
      gallery: { type: 'string' },
      image: { type: 'string' },
      engine: { type: 'string' },
      'memory-mib': { type: 'string' },
      cpus: { type: 'string' },
      'disk-mib': { type: 'string' },
      start: { type: 'boolean', default: false },
    });
    if ((values.gallery === undefined) === (values.image === undefined)) {
      throw new UsageError('Say what it is made of: either --gallery or --image.');
    }
    const memoryMiB = wholeNumber('memory-mib', values['memory-mib']);
    const cpus = wholeNumber('cpus', values.cpus);
    const diskMiB = wholeNumber('disk-mib', values['disk-mib']);
    const client = await connected();
    const { source, path } =
      values.gallery === undefined
        ? await fromImage(client, resolve(values.image ?? ''))
        : await fromGallery(client, values.gallery);
    const engine = chooseEngine(source, await client.call('host.engines', {}), values.engine);
    const defaults = defaultsFor(source, engine.capabilities, path);
    const spec: MachineSpec = {
      ...defaults,
      name: positionals[0] ?? '',
      engine: engine.capabilities.id,
      ...(memoryMiB !== undefined && { memoryMiB }),
      ...(cpus !== undefined && { cpus }),
      ...(diskMiB !== undefined && {
        disk: diskMiB === 0 ? ({ kind: 'none' } as const) : ({ kind: 'new', sizeMiB: diskMiB } as const),
      }),
    };
    const begun = client.call('machine.create', { spec });
    const result = (await waitForJob(client, output, begun)) as { id: string };
    if (values.start) await client.call('machine.start', result);
    printResult(output, output.json ? result : result.id);
    return 0;
  },
};

async function fromImage(client: Client, path: string): Promise<Source> {
  return { source: await client.call('media.inspect', { path }), path };
}

async function fromGallery(client: Client, id: string): Promise<Source> {
  const item = (await client.call('gallery.list', {})).find(({ entry }) => entry.id === id);
  if (!item) throw new Failure('gallery.not-found', `There is no “${id}” in the gallery.`);
  if (item.path !== null) return { source: item.entry, path: item.path };
  if (item.problem) throw toFailure(item.problem);
  throw new Failure('gallery.unavailable', `The image of “${item.entry.name}” is not here.`, {
    hint:
      item.status === 'downloadable'
        ? `vivarium gallery download ${id}`
        : `It is had at ${item.entry.homepage}`,
  });
}

/** The one that was asked for, or the first that runs the system: QEMU for what is 64-bit. @throws Failure why not */
function chooseEngine(
  source: GuestSource,
  engines: readonly EngineStatus[],
  wanted: string | undefined,
): EngineStatus {
  const real = engines.filter(({ capabilities: { id } }) => id === wanted || (!wanted && id !== 'fake'));
  const wide = subjectOf(source).bits.includes(64);
  const inOrder = wide ? [...real].sort((a, b) => b.capabilities.bits - a.capabilities.bits) : real;
  const problems = inOrder.map(
    (engine) => refusal(source, engine.capabilities) ?? (engine.available ? undefined : engine.problem),
  );
  const chosen = inOrder[problems.findIndex((problem) => !problem)];
  if (chosen) return chosen;
  if (problems[0]) throw toFailure(problems[0]);
  throw new Failure('engine.not-found', `There is no engine “${wanted ?? ''}”.`);
}
