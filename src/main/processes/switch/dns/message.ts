import type { Address } from '../ip/address';
import { decodeName, encodeName } from './name';

/** DNS messages (RFC 1035, 4.1; EDNS: RFC 6891). */
export const recordTypes = { a: 1, soa: 6, ptr: 12, aaaa: 28, opt: 41, any: 255 } as const;
export const responseCodes = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
} as const;
const internet = 1;
export const dnsHeaderLength = 12;
/** Without EDNS no answer over UDP is longer (RFC 1035, 4.2.1). */
export const plainUdpLength = 512;
const ownTtl = 60;

export interface Question {
  id: number;
  name: string;
  type: number;
  recordClass: number;
  recursionDesired: boolean;
  /** The longest answer over UDP, and whether the question has an OPT record. */
  udpLength: number;
  edns: boolean;
  /** The question's bytes: name, type, class. */
  section: Buffer;
}

/** @returns undefined when it is not one ordinary question */
export function parseQuestion(message: Buffer): Question | undefined {
  if (message.length < dnsHeaderLength) return undefined;
  const bits = message.readUInt16BE(2);
  // A response, another operation, or not one question: nothing that a resolver would ask.
  if ((bits & 0xf800) !== 0 || message.readUInt16BE(4) !== 1) return undefined;
  const parsed = decodeName(message, dnsHeaderLength);
  if (!parsed || parsed.end + 4 > message.length) return undefined;
  const opt = findOpt(message, parsed.end + 4);
  return {
    id: message.readUInt16BE(0),
    name: parsed.name,
    type: message.readUInt16BE(parsed.end),
    recordClass: message.readUInt16BE(parsed.end + 2),
    recursionDesired: (bits & 0x0100) !== 0,
    udpLength: Math.max(plainUdpLength, opt ?? 0),
    edns: opt !== undefined,
    section: message.subarray(dnsHeaderLength, parsed.end + 4),
  };
}

/** The UDP length that the OPT record of a question names. */
function findOpt(message: Buffer, start: number): number | undefined {
  for (const record of records(
    message,
    start,
    message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10),
  )) {
    if (record.type === recordTypes.opt) return record.recordClass;
  }
  return undefined;
}

export interface RecordPlace {
  type: number;
  recordClass: number;
  ttl: number;
  /** Where the TTL and the data are in the message. */
  ttlAt: number;
  data: number;
  end: number;
}

/** Walks over records; stops at the first that is broken. */
export function* records(message: Buffer, start: number, count: number): Generator<RecordPlace> {
  let position = start;
  for (let index = 0; index < count; index++) {
    const name = decodeName(message, position);
    if (!name || name.end + 10 > message.length) return;
    const data = name.end + 10;
    const end = data + message.readUInt16BE(name.end + 8);
    if (end > message.length) return;
    yield {
      type: message.readUInt16BE(name.end),
      recordClass: message.readUInt16BE(name.end + 2),
      ttl: message.readUInt32BE(name.end + 4),
      ttlAt: name.end + 4,
      data,
      end,
    };
    position = end;
  }
}

export type OwnAnswer = { address: Address } | { pointer: string };

/** An answer of our own: with records, empty (the name exists, but not with this type), or an error. */
export function buildAnswer(question: Question, code: number, answers: readonly OwnAnswer[] = []): Buffer {
  const header = Buffer.alloc(dnsHeaderLength);
  header.writeUInt16BE(question.id, 0);
  // Response, authoritative, recursion available.
  header.writeUInt16BE(0x8480 | (question.recursionDesired ? 0x0100 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt16BE(question.edns ? 1 : 0, 10);
  const opt = question.edns ? [Buffer.from([0, 0, recordTypes.opt, 0x04, 0xd0, 0, 0, 0, 0, 0, 0])] : [];
  return Buffer.concat([header, question.section, ...answers.map(recordOf), ...opt]);
}

function recordOf(answer: OwnAnswer): Buffer {
  const { type, data } = contentsOf(answer);
  const fixed = Buffer.alloc(12);
  // The name is that of the question, which begins behind the header.
  fixed.writeUInt16BE(0xc000 | dnsHeaderLength, 0);
  fixed.writeUInt16BE(type, 2);
  fixed.writeUInt16BE(internet, 4);
  fixed.writeUInt32BE(ownTtl, 6);
  fixed.writeUInt16BE(data.length, 10);
  return Buffer.concat([fixed, data]);
}

function contentsOf(answer: OwnAnswer): { type: number; data: Buffer } {
  if ('pointer' in answer) return { type: recordTypes.ptr, data: encodeName(answer.pointer) };
  const { address } = answer;
  if (typeof address === 'string') return { type: recordTypes.aaaa, data: Buffer.from(address, 'latin1') };
  const data = Buffer.alloc(4);
  data.writeUInt32BE(address);
  return { type: recordTypes.a, data };
}

/** An answer to a message that could not be understood as a question. */
export function buildError(message: Buffer, code: number): Buffer | undefined {
  // Never an answer to an answer.
  if (message.length < dnsHeaderLength || (message[2]! & 0x80) !== 0) return undefined;
  const header = Buffer.alloc(dnsHeaderLength);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8080 | (message.readUInt16BE(2) & 0x7900) | code, 2);
  return header;
}

export function isTruncated(message: Buffer): boolean {
  return (message[2]! & 2) !== 0;
}

export function responseCodeOf(message: Buffer): number {
  return message[3]! & 15;
}

/** An answer too long for UDP, without its records: the guest asks again over TCP (RFC 2181, 9). */
export function truncate(question: Question, message: Buffer): Buffer {
  const header = Buffer.from(message.subarray(0, dnsHeaderLength));
  header[2] = header[2]! | 2;
  header.fill(0, 6);
  header.writeUInt16BE(1, 4);
  return Buffer.concat([header, question.section]);
}
