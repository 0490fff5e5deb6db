import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '@shared/machine/config';
import { defaultNetwork } from '@shared/network/config';
import { Cables } from './cables';
import type { NetworkProcess } from './network-process';

/** Notes what the processes of networks are told, one line each. */
function cables(): { cables: Cables; told: string[] } {
  const told: string[] = [];
  const made = new Cables({
    find: (id) => (id === 'gone' ? undefined : { ...defaultNetwork(), id }),
    begin: ({ id }) => {
      const ports = new Set<string>();
      told.push(`begin ${id}`);
      const process: Partial<NetworkProcess> = {
        get isUsed() {
          return ports.size > 0;
        },
        plug: ({ port, mac }) => {
          ports.add(port);
          told.push(`plug ${port} ${mac} into ${id}`);
        },
        unplug: (port) => {
          ports.delete(port);
          told.push(`unplug ${port} from ${id}`);
        },
        end: () => Promise.resolve(void told.push(`end ${id}`)),
      };
      return process as NetworkProcess;
    },
    ended: () => {},
  });
  return { cables: made, told };
}

const machine = (nics: [id: string, mac: string, network: string | null][]): MachineConfig =>
  ({
    id: 'm',
    name: 'M',
    engine: 'qemu',
    nics: nics.map(([id, mac, network]) => ({ id, mac, network, model: 'virtio', connected: true })),
  }) as unknown as MachineConfig;
const sockets = { a: '/a', b: '/b', c: '/c' };

describe('cables', () => {
  it('are changed only where the configuration has changed', () => {
    const { cables: all, told } = cables();
    all.plug(
      machine([
        ['a', '1', 'x'],
        ['b', '2', 'x'],
        ['c', '3', 'gone'],
      ]),
      sockets,
    );
    expect(told.splice(0)).toEqual(['begin x', 'plug m-a 1 into x', 'plug m-b 2 into x']);
    all.plug(
      machine([
        ['a', '1', 'x'],
        ['b', '2', 'x'],
      ]),
      sockets,
    );
    expect(told.splice(0)).toEqual([]);
    all.plug(
      machine([
        ['a', '1', 'x'],
        ['b', '2', 'y'],
      ]),
      sockets,
    );
    expect(told.splice(0)).toEqual(['unplug m-b from x', 'begin y', 'plug m-b 2 into y']);
    all.plug(
      machine([
        ['a', '9', 'x'],
        ['b', '2', null],
      ]),
      sockets,
    );
    expect(told.splice(0)).toEqual(['plug m-a 9 into x', 'unplug m-b from y', 'end y']);
    all.unplug('m');
    all.unplug('m');
    expect(told).toEqual(['unplug m-a from x', 'end x']);
  });

  it('keep a network going that a card is taken out of while another one comes', () => {
    const { cables: all, told } = cables();
    all.plug(machine([['a', '1', 'x']]), sockets);
    told.length = 0;
    all.plug(machine([['b', '2', 'x']]), sockets);
    expect(told).toEqual(['plug m-b 2 into x', 'unplug m-a from x']);
  });
});
