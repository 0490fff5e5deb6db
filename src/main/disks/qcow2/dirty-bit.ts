import type { HostFile } from '../host-file';
import { field, incompatible, type Header } from './header';

/** The mark "reference counts in this file may be wrong", which every reader of version 3 must respect. */
export class DirtyBit {
  private setting: Promise<void> | undefined;
  private features: bigint;

  constructor(
    private readonly file: HostFile,
    private readonly header: Header,
  ) {
    this.features = header.incompatibleFeatures;
  }

  /** Version 2 has no such mark; there the counts in the file have to be right at every moment. */
  get available(): boolean {
    return this.header.geometry.version === 3;
  }

  get isSet(): boolean {
    return (this.features & incompatible.dirty) !== 0n;
  }

  /** When it resolves, the mark is in the file to stay. */
  async set(): Promise<void> {
    if (this.isSet || !this.available) return;
    this.setting ??= this.write(this.features | incompatible.dirty).finally(() => (this.setting = undefined));
    await this.setting;
  }

  /** The counts must be durable before this is called. */
  async clear(): Promise<void> {
    if (this.isSet) await this.write(this.features & ~incompatible.dirty);
  }

  private async write(features: bigint): Promise<void> {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, features);
    await this.file.write(bytes, field.incompatibleFeatures);
    await this.file.datasync();
    this.features = features;
  }
}
