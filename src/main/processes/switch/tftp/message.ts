/** TFTP (RFC 1350), with options (RFC 2347), block size (2348), and time-out and file size (2349). */
export const tftpPort = 69;
export const operations = {
  readRequest: 1,
  writeRequest: 2,
  data: 3,
  acknowledgment: 4,
  error: 5,
  options: 6,
} as const;
export const tftpErrors = { other: 0, notFound: 1, denied: 2, illegal: 4 } as const;
const maxOptions = 16;

export interface ReadRequest {
  file: string;
  mode: string;
  options: ReadonlyMap<string, string>;
}

/** @returns undefined when it is none */
export function parseReadRequest(message: Buffer): ReadRequest | undefined {
  if (message.length < 4 || message.readUInt16BE(0) !== operations.readRequest) return undefined;
  if (message.at(-1) !== 0) return undefined;
  const words = message.toString('utf8', 2, message.length - 1).split('\0');
  const [file, mode, ...rest] = words;
  if (file === undefined || mode === undefined || rest.length > 2 * maxOptions) return undefined;
  const options = new Map<string, string>();
  for (let index = 0; index + 1 < rest.length; index += 2) {
    options.set(rest[index]!.toLowerCase(), rest[index + 1]!);
  }
  return { file, mode: mode.toLowerCase(), options };
}

export function dataMessage(block: number, data: Uint8Array): Buffer {
  return Buffer.concat([head(operations.data, block & 0xffff), data]);
}

export function errorMessage(code: number, text: string): Buffer {
  return Buffer.concat([head(operations.error, code), Buffer.from(`${text}\0`)]);
}

export function optionsMessage(options: ReadonlyMap<string, string>): Buffer {
  const words = [...options].map(([name, value]) => `${name}\0${value}\0`).join('');
  return Buffer.concat([Buffer.of(0, operations.options), Buffer.from(words)]);
}

function head(operation: number, number: number): Buffer {
  return Buffer.of(0, operation, number >>> 8, number & 255);
}
