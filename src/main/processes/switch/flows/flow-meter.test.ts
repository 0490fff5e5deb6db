import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxFlowsTold } from '@shared/network/flows';
import { framed } from '../../../platform/frame-stream';
import { LearningSwitch } from '../ports/learning-switch';
import { Taps } from '../ports/taps';
import { TestGuest } from '../testing/guest';
import { TestGuest6 } from '../testing/guest6';
import { testNetwork } from '../testing/network';
import { VirtualClock } from '../testing/virtual-clock';
import { FlowMeter, maxFlows } from './flow-meter';
import { interestMs, WatchedFlows } from './watched-flows';

/** A frame of UDP over IPv4, of `length` bytes. */
function udp(source: number, sourcePort: number, destination: number, port: number, length = 60): Buffer {
  const frame = Buffer.alloc(length);
  frame.writeUInt16BE(0x0800, 12);
  frame[14] = 0x45;
  frame[23] = 17;
  frame.writeUInt32BE(source, 26);
  frame.writeUInt32BE(destination, 30);
  frame.writeUInt16BE(sourcePort, 34);
  frame.writeUInt16BE(port, 36);
  return framed(frame);
}

describe('the flows of a network', () => {
  it('are both directions together, the busiest first, since the last report', () => {
    const clock = new VirtualClock();
    const meter = new FlowMeter(clock.now);
    meter.received(
      null,
      Buffer.concat([udp(1, 1000, 2, 53), udp(2, 53, 1, 1000, 300), udp(1, 1001, 2, 53, 200)]),
    );
    clock.advance(1000);
    const report = meter.report();
    expect(report).toEqual({
      ms: 1000,
      flows: [
        {
          protocol: 'udp',
          a: { address: '0.0.0.1', port: 1000 },
          b: { address: '0.0.0.2', port: 53 },
          ...{ bytesFromA: 60, bytesFromB: 300, frames: 2 },
        },
        {
          protocol: 'udp',
          a: { address: '0.0.0.1', port: 1001 },
          b: { address: '0.0.0.2', port: 53 },
          ...{ bytesFromA: 200, bytesFromB: 0, frames: 1 },
        },
      ],
      others: { flows: 0, bytes: 0, frames: 0 },
    });
    expect(meter.report()).toMatchObject({ ms: 0, flows: [] });
  });

  it('of whoever makes very many cost so much memory and no more, and no byte is lost', () => {
    const meter = new FlowMeter(() => 0);
    const count = 3 * maxFlows;
    for (let index = 0; index < count; index++) meter.received(null, udp(index, 1, 0xffffff, 2));
    const { flows, others } = meter.report();
    expect(flows).toHaveLength(maxFlowsTold);
    expect(others.flows).toBe(maxFlows - maxFlowsTold);
    expect(others.frames + maxFlowsTold).toBe(count);
    expect(others.bytes + maxFlowsTold * 60).toBe(count * 60);
  });

  it('are counted to the byte, whatever the frames are', () => {
    const frame = fc
      .tuple(fc.constantFrom(0x0800, 0x86dd, 0x0806), fc.uint8Array({ minLength: 14, maxLength: 120 }))
      .map(([etherType, bytes]) => {
        const made = Buffer.from(bytes);
        made.writeUInt16BE(etherType, 12);
        return made;
      });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 40 }), (frames) => {
        const meter = new FlowMeter(() => 0);
        meter.received(null, Buffer.concat(frames.map(framed)));
        const { flows, others } = meter.report();
        const bytes = flows.reduce((sum, flow) => sum + flow.bytesFromA + flow.bytesFromB, others.bytes);
        expect(bytes).toBe(frames.reduce((sum, { length }) => sum + length, 0));
        expect(flows.reduce((sum, flow) => sum + flow.frames, others.frames)).toBe(frames.length);
      }),
    );
  });

  it('of real guests are told with their addresses and ports', async () => {
    const { bridge, gateway } = testNetwork({ ipv6: { prefix: 'fd00:86::/64' } });
    const meter = new FlowMeter(performance.now.bind(performance));
    bridge.tap = meter;
    const guest = new TestGuest('a', 0x525400000001, bridge);
    guest.lease();
    guest.gatewayMac = await guest.arp(0x0a560001);
    const guest6 = new TestGuest6('b', 0x525400000002, bridge);
    guest6.join();
    guest6.sendUdp(4000, guest6.gateway, 9, Buffer.alloc(500));
    guest.sendUdp(4001, 0x0a560001, 9, Buffer.alloc(100));
    const { flows } = meter.report();
    const seen = flows.map(({ protocol, a, b }) => `${protocol} ${a.port} ${b.address} ${b.port}`);
    expect(seen).toContain('udp 4000 fd00:86::1 9');
    expect(seen).toContain('udp 4001 10.86.0.1 9');
    expect(seen).toContain('udp 68 255.255.255.255 67');
    expect(flows.map(({ protocol }) => protocol)).toContain('icmpv6');
    await gateway.close();
    bridge.close();
  });

  it('are looked at only while somebody asks', () => {
    const clock = new VirtualClock();
    const bridge = new LearningSwitch(clock);
    const taps = new Taps(bridge);
    const flows = new WatchedFlows(clock, (meter) => taps.set('flows', meter));
    expect(bridge.tap).toBeUndefined();
    expect(flows.report().ms).toBe(0);
    for (let second = 0; second < 20; second++) {
      clock.advance(1000);
      expect(flows.report().ms).toBe(1000);
    }
    clock.advance(interestMs - 1);
    expect(bridge.tap).toBeInstanceOf(FlowMeter);
    clock.advance(1);
    expect(bridge.tap).toBeUndefined();
    const other = { received: () => {}, sent: () => {} };
    taps.set('capture', other);
    expect(bridge.tap).toBe(other);
    flows.report();
    expect(bridge.tap).toBe(taps);
    flows.end();
    expect(bridge.tap).toBe(other);
    bridge.close();
  });
});
