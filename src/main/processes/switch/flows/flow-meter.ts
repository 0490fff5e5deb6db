import { formatIpv4 } from '@shared/network/address';
import { type Flow, type FlowReport, maxFlowsTold } from '@shared/network/flows';
import { formatIpv6 } from '@shared/network/ipv6';
import { frameLength, prefixLength } from '../../../platform/frame-stream';
import { etherTypes, headerLength } from '../ethernet/frame';
import { protocols } from '../ip/ip';
import { ipv4HeaderLength } from '../ipv4/packet';
import type { Tap } from '../ports/learning-switch';

/** Flows that are told apart between two reports; what comes beyond counts among the others. */
export const maxFlows = 8192;

const ipv6HeaderLength = 40;
const portsLength = 4;

/** One direction of a flow. */
interface Direction {
  flow: Counted;
  fromA: boolean;
}

interface Counted {
  protocol: number;
  a: string;
  b: string;
  portA: number | null;
  portB: number | null;
  bytesFromA: number;
  bytesFromB: number;
  frames: number;
}

/** Counts who speaks with whom, frame by frame, for as long as somebody looks. */
export class FlowMeter implements Tap {
  private readonly directions = new Map<string, Direction>();
  private flows: Counted[] = [];
  private others = { bytes: 0, frames: 0 };
  private since: number;

  /** @param now milliseconds of a clock that does not jump */
  constructor(private readonly now: () => number) {
    this.since = now();
  }

  received(_from: unknown, run: Buffer): void {
    for (let position = 0; position < run.length;) {
      const start = position + prefixLength;
      position = start + frameLength(run, position);
      this.count(run, start, position);
    }
  }

  /** Every frame comes in once, and may go out by many ports. */
  sent(): void {}

  /** What passed since the last report. */
  report(): FlowReport {
    const now = this.now();
    const busiest = this.flows.toSorted((a, b) => bytesOf(b) - bytesOf(a));
    const told = busiest.slice(0, maxFlowsTold);
    const rest = busiest.slice(maxFlowsTold);
    const report: FlowReport = {
      ms: now - this.since,
      flows: told.map(tell),
      others: {
        flows: rest.length,
        bytes: rest.reduce((sum, flow) => sum + bytesOf(flow), this.others.bytes),
        frames: rest.reduce((sum, { frames }) => sum + frames, this.others.frames),
      },
    };
    this.directions.clear();
    this.flows = [];
    this.others = { bytes: 0, frames: 0 };
    this.since = now;
    return report;
  }

  private count(bytes: Buffer, start: number, end: number): void {
    const direction = this.directionOf(bytes, start, end);
    if (!direction) {
      this.others.bytes += end - start;
      this.others.frames++;
      return;
    }
    direction.flow.frames++;
    if (direction.fromA) direction.flow.bytesFromA += end - start;
    else direction.flow.bytesFromB += end - start;
  }

  /** The flow of a frame of IP; undefined for others, and where there are too many. */
  private directionOf(bytes: Buffer, frame: number, end: number): Direction | undefined {
    const packet = frame + headerLength;
    const etherType = (bytes[frame + 12]! << 8) | bytes[frame + 13]!;
    const isIpv4 = etherType === etherTypes.ipv4 && end - packet >= ipv4HeaderLength;
    if (!isIpv4 && !(etherType === etherTypes.ipv6 && end - packet >= ipv6HeaderLength)) return undefined;
    const protocol = bytes[isIpv4 ? packet + 9 : packet + 6]!;
    const size = isIpv4 ? 4 : 16;
    const addresses = isIpv4 ? packet + 12 : packet + 8;
    const payload = packet + (isIpv4 ? (bytes[packet]! & 15) * 4 : ipv6HeaderLength);
    // Only the first fragment of a packet has ports.
    const isFragment = isIpv4 && (((bytes[packet + 6]! << 8) | bytes[packet + 7]!) & 0x1fff) !== 0;
    const hasPorts =
      (protocol === protocols.tcp || protocol === protocols.udp) &&
      !isFragment &&
      end - payload >= portsLength;
    const source = bytes.toString('latin1', addresses, addresses + size);
    const destination = bytes.toString('latin1', addresses + size, addresses + 2 * size);
    const ports = hasPorts ? bytes.toString('latin1', payload, payload + portsLength) : '';
    const mark = String.fromCharCode(protocol);
    const key = source + destination + mark + ports;
    const known = this.directions.get(key);
    if (known) return known;
    if (this.flows.length >= maxFlows) return undefined;
    const flow: Counted = {
      protocol,
      a: source,
      b: destination,
      portA: hasPorts ? bytes.readUInt16BE(payload) : null,
      portB: hasPorts ? bytes.readUInt16BE(payload + 2) : null,
      bytesFromA: 0,
      bytesFromB: 0,
      frames: 0,
    };
    this.flows.push(flow);
    const forth = { flow, fromA: true };
    const back = destination + source + mark + ports.slice(2) + ports.slice(0, 2);
    this.directions.set(back, { flow, fromA: false });
    this.directions.set(key, forth);
    return forth;
  }
}

const names: Record<number, Flow['protocol']> = {
  [protocols.tcp]: 'tcp',
  [protocols.udp]: 'udp',
  [protocols.icmp]: 'icmp',
  [protocols.icmpv6]: 'icmpv6',
};

function tell({ protocol, a, b, portA, portB, bytesFromA, bytesFromB, frames }: Counted): Flow {
  return {
    protocol: names[protocol] ?? 'other',
    a: { address: textOf(a), port: portA },
    b: { address: textOf(b), port: portB },
    bytesFromA,
    bytesFromB,
    frames,
  };
}

const bytesOf = ({ bytesFromA, bytesFromB }: Counted): number => bytesFromA + bytesFromB;

const textOf = (address: string): string =>
  address.length === 4 ? formatIpv4(Buffer.from(address, 'latin1').readUInt32BE()) : formatIpv6(address);
