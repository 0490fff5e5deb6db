import app from './app';
import boot from './boot';
import consoleBench from './console';
import disks from './disks';
import gateway from './gateway';
import gatewayCards from './gateway-cards';
import qemu from './qemu';
import snapshot from './snapshot';
import switchBench from './switch';
import type { Bench, BenchResult } from './types';

const benches: Bench[] = [boot, consoleBench, app, switchBench, gateway, gatewayCards, qemu, snapshot, disks];

function cell(value: number | null): string {
  if (value === null) return '–';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function printTable(results: BenchResult[]): void {
  const rows = results.map((result) => [
    result.name,
    `${cell(result.value)} ${result.unit}`,
    result.peer ? `${result.peer}: ${cell(result.peerValue)}` : '–',
    cell(result.ratio),
    result.goal,
    result.ok ? 'ok' : 'MISSED',
  ]);
  const table = [['what', 'value', 'peer', 'ratio', 'goal', ''], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table)
    console.log(
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

/**
 * Runs the benchmarks, or the one named by `--only`. With `--json` prints one object a line, else a table.
 * @returns whether every goal was met
 */
export async function runBenches(options: readonly string[]): Promise<boolean> {
  const only = options.includes('--only') ? options[options.indexOf('--only') + 1] : undefined;
  const chosen = only === undefined ? benches : benches.filter((bench) => bench.name === only);
  if (chosen.length === 0) {
    console.error(
      `There is no benchmark “${only}”. There are: ${benches.map((bench) => bench.name).join(', ')}.`,
    );
    return false;
  }
  const json = options.includes('--json');
  const results: BenchResult[] = [];
  for (const bench of chosen) {
    if (!json) console.error(`${bench.name} …`);
    for (const result of await bench.run()) {
      results.push(result);
      if (json) console.log(JSON.stringify(result));
    }
  }
  if (!json) printTable(results);
  return results.every((result) => result.ok);
}
