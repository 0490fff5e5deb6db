import type { ByteStream } from '@shared/ipc/byte-stream';
import type { StreamName, Streams } from '@shared/ipc/contract';
import type { z } from 'zod';
import { openElectronStream } from './electron-bridge';
import { openSocketStream } from './websocket';

/** Opens a stream of the contract, by whatever carries it here. Rejects with a `Failure`. */
export function openStream<N extends StreamName>(name: N, params: z.input<Streams[N]>): Promise<ByteStream> {
  return window.vivarium ? openElectronStream(window.vivarium, name, params) : openSocketStream(name, params);
}
