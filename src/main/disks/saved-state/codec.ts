import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { measureZstdFrame } from '../qcow2/zstd-frame';

/** Named in the header of each file, so that any build can read what another has written. */
export const codecNames = ['zstd', 'zlib'] as const;
export type CodecName = (typeof codecNames)[number];

export interface Codec {
  readonly name: CodecName;
  compress(data: Uint8Array): Promise<Uint8Array>;
  /** @throws when `data` is damaged, or does not hold exactly `length` bytes */
  decompress(data: Uint8Array, length: number): Promise<Uint8Array>;
}

/** Memory images are mostly written once and read once: the fastest level. */
const level = 1;

type ZstdFunction = (data: Uint8Array, options: object) => Promise<Buffer>;

/** What `node:zlib` has from Node 22.15 on. */
interface ZlibWithZstd {
  zstdCompress?: (...args: never[]) => void;
  zstdDecompress?: (...args: never[]) => void;
  constants: { ZSTD_c_compressionLevel?: number };
}

interface ZstdWasm {
  init(): Promise<void>;
  compress(data: Uint8Array, level: number): Uint8Array;
  decompress(data: Uint8Array, options: { defaultHeapSize: number }): Uint8Array;
}

function sized(data: Uint8Array, length: number): Uint8Array {
  if (data.length !== length) throw new RangeError(`${data.length} bytes instead of ${length}`);
  return data;
}

/** Into one piece of memory, where Node would make one for every 16 KiB and join them; it looks for more than fits. */
function outputOf(length: number): { maxOutputLength: number; chunkSize: number } {
  return { maxOutputLength: length, chunkSize: Math.max(length + 1, 64) };
}

/** Zstandard of the Node that runs, if it has it. */
export function nativeZstd(): Codec | undefined {
  const { zstdCompress, zstdDecompress, constants } = zlib as unknown as ZlibWithZstd;
  const levelParameter = constants.ZSTD_c_compressionLevel;
  if (!zstdCompress || !zstdDecompress || levelParameter === undefined) return undefined;
  const compress = promisify(zstdCompress) as unknown as ZstdFunction;
  const decompress = promisify(zstdDecompress) as unknown as ZstdFunction;
  return {
    name: 'zstd',
    compress: (data) => compress(data, { params: { [levelParameter]: level } }),
    decompress: async (data, length) => sized(await decompress(data, outputOf(length)), length),
  };
}

/** Zstandard in WebAssembly, for Node 20; undefined where the package is not installed. */
export async function wasmZstd(): Promise<Codec | undefined> {
  let zstd: ZstdWasm;
  try {
    // Not bundled: it reads its WebAssembly from a file beside it.
    zstd = createRequire(import.meta.url)('@bokuweb/zstd-wasm') as ZstdWasm;
  } catch {
    return undefined; // a packaged app, whose Node has Zstandard itself
  }
  await zstd.init();
  return {
    name: 'zstd',
    compress: async (data) => zstd.compress(data, level),
    async decompress(data, length) {
      // Before it makes room for what damaged data claims.
      const { contents = length } = measureZstdFrame(data);
      if (contents !== length) throw new RangeError(`${contents} bytes instead of ${length}`);
      return sized(zstd.decompress(data, { defaultHeapSize: length }), length);
    },
  };
}

/** Deflate: everywhere, but slower. */
export const zlibCodec: Codec = {
  name: 'zlib',
  compress: (data) => promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflate)(data, { level }),
  async decompress(data, length) {
    const inflate = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate);
    return sized(await inflate(data, outputOf(length)), length);
  },
};

let zstd: Promise<Codec | undefined> | undefined;

/** The Zstandard that this Node has, or the one in WebAssembly; undefined where there is neither. */
export function findZstd(): Promise<Codec | undefined> {
  const native = nativeZstd();
  zstd ??= native ? Promise.resolve(native) : wasmZstd();
  return zstd;
}

/** What new files are written with. */
export async function bestCodec(): Promise<Codec> {
  return (await findZstd()) ?? zlibCodec;
}

/** @throws Failure `host.unavailable` */
export async function codecOf(name: CodecName): Promise<Codec> {
  if (name === 'zlib') return zlibCodec;
  const found = await findZstd();
  if (found) return found;
  throw new Failure('host.unavailable', phrase('memory.zstd'), {
    hint: phrase('memory.zstdHint'),
  });
}
