/** Which of a machine's series are drawn together, and how. Pure. */

/** What a chart's numbers are: cores, bytes, bytes a second, or events a second. */
export type Unit = 'cores' | 'bytes' | 'bytesPerSecond' | 'perSecond';

export interface ChartLine {
  /** The name of the series; see `seriesOf`. */
  series: string;
  /** A key of the messages `statistics.line`. */
  label: string;
  /** The disk, drive, card or processor that it is about: a key of `statistics.part`, and which one of them. */
  part?: { kind: string; number: number };
  /** Colours are told by number; lines of one part share theirs, and are told apart by being dashed. */
  colour: number;
  dashed: boolean;
}

export interface Chart {
  id: 'cpu' | 'memory' | 'diskBytes' | 'diskRequests' | 'network';
  unit: Unit;
  lines: ChartLine[];
}

const line = (
  series: string,
  label: string,
  colour: number,
  part?: ChartLine['part'],
  dashed = false,
): ChartLine => ({ series, label, colour, dashed, ...(part ? { part } : {}) });

/** Ids are a kind and a number that begins with 0: people count from 1. */
function partOf(id: string): { kind: string; number: number } {
  const [, kind = '', number = '0'] = /^([a-z]+)(\d+)$/.exec(id) ?? [];
  return { kind, number: Number(number) + 1 };
}

/**
 * The charts for series of these names. Drives that have never done anything are left out.
 *
 * @param used whether a series has ever been more than zero
 */
export function chartsFor(names: readonly string[], used: (name: string) => boolean): Chart[] {
  const has = new Set(names);
  const vcpus = names.filter((name) => name.startsWith('vcpu:'));
  const memory = ['memory', 'guest:current', 'guest:used'].filter((name) => has.has(name));
  const disks = partsOf(names, 'disk').filter(
    (id) => id.startsWith('disk') || used(`disk:${id}:readBytes`) || used(`disk:${id}:writeBytes`),
  );
  const nics = partsOf(names, 'nic');
  const pair = (kind: 'disk' | 'nic', ids: string[], first: string, second: string): ChartLine[] =>
    ids.flatMap((id, index) => [
      line(`${kind}:${id}:${first}`, first, index, partOf(id)),
      line(`${kind}:${id}:${second}`, second, index, partOf(id), true),
    ]);
  const charts: Chart[] = [
    {
      id: 'cpu',
      unit: 'cores',
      lines: [
        line('cpu', 'cpu', 0),
        ...vcpus.map((name, index) => line(name, 'vcpu', index + 1, { kind: 'vcpu', number: index + 1 })),
      ],
    },
    {
      id: 'memory',
      unit: 'bytes',
      lines: memory.map((name, index) => line(name, name.replace(':', '-'), index)),
    },
    { id: 'diskBytes', unit: 'bytesPerSecond', lines: pair('disk', disks, 'readBytes', 'writeBytes') },
    { id: 'diskRequests', unit: 'perSecond', lines: pair('disk', disks, 'reads', 'writes') },
    { id: 'network', unit: 'bytesPerSecond', lines: pair('nic', nics, 'receiveBytes', 'sendBytes') },
  ];
  return charts.filter(({ lines }) => lines.length > 0);
}

/** The ids of `kind:id:…`, each once, in order. */
function partsOf(names: readonly string[], kind: string): string[] {
  const ids = names.flatMap((name) => {
    const [first, id] = name.split(':');
    return first === kind && id !== undefined ? [id] : [];
  });
  return [...new Set(ids)].sort();
}
