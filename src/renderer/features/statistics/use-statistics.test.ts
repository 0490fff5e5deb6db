import { encodeStatistics, type MachineStatistics } from '@shared/machine/statistics';
import type { MachineSummary } from '@shared/machine/summary';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope, type EffectScope, nextTick, shallowRef } from 'vue';
import { testMachine } from '../../testing/machines';
import { type Statistics, useStatistics } from './use-statistics';

const sample = (cpu: number): MachineStatistics => ({
  cpu,
  vcpus: [],
  memoryBytes: 1,
  guestMemory: null,
  framesPerSecond: 0,
  diskReadBytes: 0,
  diskWriteBytes: 0,
  netReceiveBytes: 0,
  netSendBytes: 0,
  disks: [],
  nics: [],
});

/** The other ends of the streams that the page has opened, and whether it has closed them. */
let opened: { port: MessagePort; params: unknown; closed: boolean }[];
let hidden: boolean;
let scope: EffectScope;

beforeEach(() => {
  opened = [];
  hidden = false;
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
  scope = effectScope();
  window.vivarium = {
    post: () => undefined,
    onMessage: () => undefined,
    pathOf: () => '',
    openStream: (requestId, name, params) => {
      expect(name).toBe('machine.statistics');
      const { port1, port2 } = new MessageChannel();
      const entry = { port: port1, params, closed: false };
      port1.addEventListener('message', ({ data }) => (entry.closed ||= data === null));
      port1.start();
      opened.push(entry);
      const event = new MessageEvent('message', { data: { vivariumStream: requestId } });
      Object.defineProperties(event, { source: { value: window }, ports: { value: [port2] } });
      window.dispatchEvent(event);
    },
  };
});
afterEach(() => {
  scope.stop();
  for (const { port } of opened) port.close();
  delete window.vivarium;
  vi.restoreAllMocks();
});

const machine = shallowRef<MachineSummary>();
const use = (withHistory: boolean): Statistics => {
  const used = scope.run(() => useStatistics(() => machine.value, withHistory));
  if (!used) throw new Error('The scope has ended');
  return used;
};
const tell = (cpu: number, time = 1000): void =>
  opened.at(-1)?.port.postMessage(encodeStatistics({ kind: 'sample', time, statistics: sample(cpu) }));
async function look(isHidden: boolean): Promise<void> {
  hidden = isHidden;
  document.dispatchEvent(new Event('visibilitychange'));
  await nextTick();
}

describe('the statistics of a machine', () => {
  it('come only while it has a process and the page can be seen', async () => {
    machine.value = testMachine(1, 'One', 'off');
    const { latest } = use(false);
    await nextTick();
    expect(opened).toEqual([]);

    machine.value = testMachine(1, 'One', 'running');
    await expect.poll(() => opened).toHaveLength(1);
    expect(opened[0]?.params).toEqual({ id: machine.value.id, history: false });
    await nextTick();
    tell(0.5);
    await expect.poll(() => latest.value?.cpu).toBe(0.5);

    await look(true);
    await expect.poll(() => opened[0]?.closed).toBe(true);
    await look(false);
    await expect.poll(() => opened).toHaveLength(2);

    machine.value = testMachine(1, 'One', 'off');
    await expect.poll(() => opened[1]?.closed).toBe(true);
    expect(latest.value).toBeUndefined();
  });

  it('go on from what was before', async () => {
    machine.value = testMachine(1, 'One', 'running');
    const { history } = use(true);
    await expect.poll(() => opened).toHaveLength(1);
    await nextTick();
    const fine = { times: [1000, 2000], columns: { cpu: [0.1, 0.2] } };
    const coarse = { times: [], columns: {} };
    opened[0]?.port.postMessage(encodeStatistics({ kind: 'history', fine, coarse }));
    tell(0.3, 3000);
    await expect.poll(() => history.value.of.recent('cpu', 5)).toEqual([0.1, 0.2, 0.3]);
  });

  it('end with the component that shows them', async () => {
    machine.value = testMachine(1, 'One', 'running');
    use(false);
    await expect.poll(() => opened).toHaveLength(1);
    await nextTick();
    scope.stop();
    await expect.poll(() => opened[0]?.closed).toBe(true);
  });
});
