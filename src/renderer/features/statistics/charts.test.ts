import { describe, expect, it } from 'vitest';
import { chartsFor } from './charts';

describe('the charts of a machine', () => {
  it('are those that it has numbers for', () => {
    const names = ['cpu', 'memory', 'frames'];
    expect(chartsFor(names, () => true).map(({ id }) => id)).toEqual(['cpu', 'memory']);
  });

  it('have a line for each processor, and two for each disk and card, told apart by being dashed', () => {
    const names = [
      'cpu',
      'vcpu:0',
      'vcpu:1',
      'disk:disk0:readBytes',
      'disk:disk0:writeBytes',
      'nic:nic0:sendBytes',
    ];
    const charts = chartsFor(names, () => true);
    const of = (id: string) => charts.find((chart) => chart.id === id)?.lines ?? [];
    expect(of('cpu').map(({ series }) => series)).toEqual(['cpu', 'vcpu:0', 'vcpu:1']);
    expect(of('diskBytes').map(({ dashed }) => dashed)).toEqual([false, true]);
    expect(of('network').map(({ part }) => part)).toEqual(new Array(2).fill({ kind: 'nic', number: 1 }));
  });

  it('leave out drives that have never done anything, but no disk', () => {
    const names = ['disk:cd0:readBytes', 'disk:cd1:readBytes', 'disk:disk0:readBytes'];
    const [bytes] = chartsFor(names, (name) => name.startsWith('disk:cd1')).filter(
      ({ id }) => id === 'diskBytes',
    );
    expect(bytes?.lines.map(({ series }) => series.split(':')[1])).toEqual(['cd1', 'cd1', 'disk0', 'disk0']);
  });
});
