import { describe, expect, it } from 'vitest';
import {
  ForwardingTable,
  maxStations,
  maxStationsPerPort,
  sharePerPort,
  stationLifeMs,
} from './forwarding-table';

const ports = Array.from({ length: 8 }, (_, index) => ({ index }));
const [a, b] = ports as [object, object];

function table() {
  const time = { now: 0 };
  return { time, stations: new ForwardingTable<object>(() => time.now) };
}

describe('the forwarding table', () => {
  it('learns stations, follows those that move, and forgets a port', () => {
    const { stations } = table();
    stations.learn(0x020000000001, a);
    expect(stations.find(0x020000000001)).toBe(a);
    stations.learn(0x020000000001, b);
    expect(stations.find(0x020000000001)).toBe(b);
    stations.forget(b);
    expect(stations.find(0x020000000001)).toBeUndefined();
    expect(stations.size).toBe(0);
  });

  it('forgets those who are silent for too long, not those who speak', () => {
    const { time, stations } = table();
    stations.learn(1, a);
    stations.learn(2, a);
    time.now = stationLifeMs;
    stations.learn(2, a);
    time.now += 1;
    stations.age();
    expect(stations.find(1)).toBeUndefined();
    expect(stations.find(2)).toBe(a);
  });

  it('does not let a station in that is pinned elsewhere', () => {
    const { time, stations } = table();
    stations.pin(7, a);
    expect(stations.learn(7, b)).toBe(false);
    expect(stations.learn(7, a)).toBe(true);
    time.now = stationLifeMs * 10;
    stations.age();
    expect(stations.find(7)).toBe(a);
  });

  it('takes only so many, for one port and for all, and has room again after a port is gone', () => {
    const { stations } = table();
    for (let mac = 2; mac < 100_000; mac += 2) stations.learn(mac, a);
    expect(stations.size).toBe(maxStationsPerPort);
    for (const [index, port] of ports.entries()) {
      for (let mac = 0; mac < 5000; mac++) stations.learn((index + 1) * 100_000 + mac, port);
    }
    expect(stations.size).toBeGreaterThanOrEqual(maxStations);
    expect(stations.size).toBeLessThanOrEqual(maxStations + ports.length * sharePerPort);
    // Who comes last is not flooded because of the others.
    const late = {};
    for (let mac = 0; mac < 1000; mac++) stations.learn(0x020000001000 + mac, late);
    expect([stations.find(0x020000001000), stations.find(0x020000001000 + sharePerPort)]).toEqual([
      late,
      undefined,
    ]);
    stations.forget(a);
    stations.learn(0x020000000099, b);
    expect(stations.find(0x020000000099)).toBeUndefined(); // that port is full itself
    const other = {};
    stations.learn(0x020000000099, other);
    expect(stations.find(0x020000000099)).toBe(other);
  });

  it('never takes a group for a station', () => {
    const { stations } = table();
    stations.learn(0x010000000001, a);
    stations.learn(0xffffffffffff, a);
    expect(stations.size).toBe(0);
  });
});
