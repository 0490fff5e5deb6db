import { join } from 'node:path';
import { Failure } from '@shared/errors';
import type {
  CaptureRequest,
  CaptureStatus,
  PacketDetail,
  PacketPage,
  TcpStream,
} from '@shared/network/capture';
import type { NetworkConfig } from '@shared/network/config';
import type { FlowReport } from '@shared/network/flows';
import { phrase } from '@shared/phrases/phrase';
import type { NetworkProcess } from './network-process';

export interface CapturesOptions {
  /** Where they are saved. */
  folder: string;
  /** @throws Failure `network.*` */
  get(id: string): NetworkConfig;
  processOf(id: string): NetworkProcess | undefined;
}

/** What is seen of networks in use: captures, which their processes have, and flows. */
export class Captures {
  constructor(private readonly options: CapturesOptions) {}

  /** @throws Failure `network.idle` */
  start(id: string, request: CaptureRequest): Promise<CaptureStatus> {
    return this.process(id).startCapture(request);
  }

  stop(id: string): Promise<CaptureStatus | null> {
    return this.process(id).stopCapture();
  }

  async status(id: string): Promise<CaptureStatus | null> {
    this.options.get(id);
    return (await this.options.processOf(id)?.call('captureStatus', {})) ?? null;
  }

  packets(id: string, page: { after: number; limit: number; filter: string }): Promise<PacketPage> {
    return this.process(id).call('packets', page);
  }

  packet(id: string, number: number): Promise<PacketDetail> {
    return this.process(id).call('packet', { number });
  }

  follow(id: string, number: number): Promise<TcpStream> {
    return this.process(id).call('followStream', { number });
  }

  /** @throws Failure `network.idle`, `network.no-capture`, `input.invalid`, `file.*` */
  save(id: string, filter: string): Promise<{ path: string; packets: number }> {
    const name = `${id}-${new Date().toISOString().replace(/[:.]/g, '-')}.pcapng`;
    return this.process(id).call('saveCapture', { path: join(this.options.folder, name), filter });
  }

  /** @throws Failure `network.idle` */
  flows(id: string): Promise<FlowReport> {
    return this.process(id).call('flows', {});
  }

  private process(id: string): NetworkProcess {
    const { name } = this.options.get(id);
    const process = this.options.processOf(id);
    if (process) return process;
    throw new Failure('network.idle', phrase('network.idle', { name }), {
      hint: phrase('network.idleHint'),
    });
  }
}
