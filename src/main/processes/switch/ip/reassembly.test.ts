import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerLength } from '../ethernet/frame';
import { FrameArena } from '../gateway/link';
import { framesFrom } from '../testing/frames';
import { VirtualClock } from '../testing/virtual-clock';
import { type Ipv4Packet, longestIpv4Payload, parseIpv4Packet } from '../ipv4/packet';
import { maxPackets, maxPacketsPerCard, patienceMs, Reassembly } from './reassembly';
import { Ipv4Sender } from '../ipv4/sender';

const to = { mac: 0x020000000001, address: 0x0a00020f };

/** What the sender makes of a payload. */
function fragments(payload: Uint8Array, mtu = 1500, source = 0x0a000202): Ipv4Packet[] {
  const arena = new FrameArena(2, () => {});
  new Ipv4Sender(arena, mtu).send(to, source, 17, payload);
  return framesFrom(arena).map((frame) => {
    const packet = parseIpv4Packet(frame, headerLength);
    if (!packet) throw new Error('the sender made a packet that is none');
    return packet;
  });
}

const payloadOf = (packet: Ipv4Packet | undefined): Buffer | undefined =>
  packet?.bytes.subarray(packet.payload, packet.end);

describe('fragments', () => {
  it('make the packet again, in whatever order and however often they come', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 9000 }),
        fc.integer({ min: 576, max: 2000 }),
        fc.infiniteStream(fc.nat()),
        (payload, mtu, random) => {
          const pieces = fragments(payload, mtu);
          for (const piece of pieces) expect(piece.end - piece.header).toBeLessThanOrEqual(mtu);
          if (pieces.length === 1) return;
          const order = pieces.map((piece) => ({ piece, key: random.next().value ?? 0 }));
          order.sort((a, b) => a.key - b.key);
          const reassembly = new Reassembly<Ipv4Packet>(new VirtualClock(), longestIpv4Payload);
          const results = order.map(({ piece }, index) => {
            if (index > 0 && index < order.length - 1) reassembly.add(piece, 'card');
            return payloadOf(reassembly.add(piece, 'card'));
          });
          const whole = results.filter((result) => result !== undefined);
          expect(whole).toHaveLength(1);
          expect(whole[0]?.equals(payload)).toBe(true);
          expect(reassembly.size).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('of packets that are never whole are bounded and forgotten', () => {
    const clock = new VirtualClock();
    const reassembly = new Reassembly<Ipv4Packet>(clock, longestIpv4Payload);
    for (let round = 0; round < 5000; round++) {
      const [first] = fragments(new Uint8Array(3000));
      if (first) reassembly.add({ ...first, identification: round }, `card ${round % 50}`);
    }
    expect(reassembly.size).toBe(maxPackets);
    clock.advance(patienceMs + 1);
    const [first] = fragments(new Uint8Array(3000));
    if (first) reassembly.add(first, 'card');
    expect(reassembly.size).toBe(1);
  });

  it('of one card leave room for the others, whatever addresses it pretends to have', () => {
    const reassembly = new Reassembly<Ipv4Packet>(new VirtualClock(), longestIpv4Payload);
    for (let round = 0; round < 1000; round++) {
      const [first] = fragments(new Uint8Array(3000), 1500, 0x0a000200 + round);
      if (first) reassembly.add({ ...first, identification: round }, 'card');
    }
    expect(reassembly.size).toBe(maxPacketsPerCard);
  });

  it('that overlap, or reach beyond the longest packet, spoil it', () => {
    const [first, second] = fragments(new Uint8Array(2000)) as [Ipv4Packet, Ipv4Packet];
    const reassembly = new Reassembly<Ipv4Packet>(new VirtualClock(), longestIpv4Payload);
    reassembly.add(first, 'card');
    expect(reassembly.add({ ...second, fragmentOffset: second.fragmentOffset - 8 }, 'card')).toBeUndefined();
    expect(reassembly.size).toBe(0);
    expect(reassembly.add({ ...second, fragmentOffset: 65_528 }, 'card')).toBeUndefined();
    expect(reassembly.size).toBe(0);
  });
});
