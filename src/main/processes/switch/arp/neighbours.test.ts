import { describe, expect, it } from 'vitest';
import { parseSubnet } from '@shared/network/address';
import { FrameArena } from '../gateway/link';
import { framesFrom } from '../testing/frames';
import { VirtualClock } from '../testing/virtual-clock';
import { headerLength, writeHeader } from '../ethernet/frame';
import { arpLength, arpOperations, parseArp, writeArp } from './message';
import { Neighbours } from './neighbours';

const subnet = parseSubnet('10.0.0.0/8');
const gateway = 0x0a000001;

function neighbours(holder: (address: number) => number | undefined = () => undefined) {
  if (!subnet) throw new Error('no subnet');
  const clock = new VirtualClock();
  const arena = new FrameArena(0x025600000001, () => {});
  const known = new Neighbours({ link: arena, clock, address: gateway, subnet, holder });
  const says = (senderMac: number, senderAddress: number): void => {
    const frame = Buffer.alloc(headerLength + arpLength);
    writeHeader(frame, 0x025600000001, senderMac, 0x0806);
    const target = { targetMac: 0, targetAddress: gateway };
    writeArp(frame, headerLength, { operation: arpOperations.reply, senderMac, senderAddress, ...target });
    known.receive(frame);
  };
  /** The addresses that have been asked for. */
  const asked = (): number[] =>
    framesFrom(arena).map((frame) => parseArp(frame, headerLength)?.targetAddress ?? 0);
  return { known, says, asked, clock };
}

describe('neighbours', () => {
  it('are as many as somebody pretends, and no more than there is room for', () => {
    const { known, says } = neighbours();
    for (let index = 0; index < 100_000; index++) says(0x520000000000 + index, 0x0a000100 + index);
    expect(known.size).toBe(1024);
    // Those that were heard last are known.
    expect(known.find(0x0a000100 + 99_999)).toBe(0x520000000000 + 99_999);
    expect(known.find(0x0a000100)).toBeUndefined();
  });

  it('are not who says to have the address of the gateway, of somebody else, or of a network elsewhere', () => {
    const { known, says } = neighbours((address) => (address === 0x0a000005 ? 0x520000000005 : undefined));
    says(0x52000000dead, gateway);
    says(0x52000000dead, 0x0a000005);
    says(0x52000000dead, 0x7f000001);
    says(0x01000000dead, 0x0a000007);
    expect(known.size).toBe(0);
    expect(known.find(0x0a000005)).toBe(0x520000000005);
  });

  it('are asked for three times, whoever many wait, and so many at a time', () => {
    const { known, asked, clock } = neighbours();
    let answers = 0;
    for (let index = 0; index < 1000; index++) {
      known.resolve(0x0a000100 + index, (mac) => (expect(mac).toBeUndefined(), answers++));
    }
    expect(asked()).toHaveLength(256);
    expect(answers).toBe(1000 - 256);
    for (let index = 0; index < 100; index++) known.resolve(0x0a000100, () => answers++);
    clock.advance(10_000);
    expect(asked()).toHaveLength(2 * 256);
    expect(answers).toBe(1000 + 100);
    expect(clock.pending).toBe(0);
  });
});
