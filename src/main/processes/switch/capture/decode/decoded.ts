import type { PacketLayer } from '@shared/network/capture';
import type { Address } from '../../ip/address';
import type { FieldReader } from '../reader';

/** What is known of a frame, filled by one decoder after the other, from the outside to the inside. */
export interface Decoded {
  layers: PacketLayer[];
  source: string;
  destination: string;
  protocol: string;
  info: string;
  /** For filters: hardware addresses, and where there is one, the IP packet with its ports. */
  macs: { source: number; destination: number } | undefined;
  ip: { source: Address; destination: Address } | undefined;
  ports: { source: number; destination: number } | undefined;
  /** For streams. */
  tcp: { sequence: number; flags: number; data: Buffer } | undefined;
}

/** Notes fields of one layer as they are read. */
export class LayerWriter {
  private readonly layer: PacketLayer;

  constructor(
    decoded: Decoded,
    protocol: string,
    private readonly reader: FieldReader,
  ) {
    this.layer = { protocol, start: reader.position, end: reader.position, fields: [] };
    decoded.layers.push(this.layer);
    decoded.protocol = protocol;
  }

  /** Adds a field; the layer reaches to where its reader is now. */
  add(name: string, value: string | number): void {
    this.layer.fields.push({ name, value: String(value) });
    this.layer.end = this.reader.position;
  }

  done(): void {
    this.layer.end = this.reader.position;
  }
}

/** The names of the bits that are set, lowest first. */
export function namesOf(bits: number, names: readonly string[]): string {
  return names.filter((_, index) => (bits & (1 << index)) !== 0).join(', ');
}

/** A text from outside, in one line and not too long to be shown. */
export function shown(text: string, longest = 200): string {
  const harmless = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '.');
  return harmless.length > longest ? `${harmless.slice(0, longest)}…` : harmless;
}

export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
