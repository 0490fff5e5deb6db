import {
  dnsHeaderLength,
  type Question,
  recordTypes,
  records,
  responseCodeOf,
  responseCodes,
} from './message';

/** Bounds: answers, bytes of one answer, and seconds that an answer is kept. */
export const maxAnswers = 2000;
const maxAnswerLength = 4096;
const longestLife = 3600;
const longestNegativeLife = 300;

/** Answers that need not be asked for again (RFC 1035, 7.4; “no such name”: RFC 2308, 5). */
export class DnsCache {
  private readonly answers = new Map<string, { message: Buffer; stored: number; expires: number }>();

  /** @param now milliseconds */
  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.answers.size;
  }

  clear(): void {
    this.answers.clear();
  }

  /** An answer to the question, with its id and with times to live that have gone on. */
  find(key: string, question: Question): Buffer | undefined {
    const entry = this.answers.get(key);
    const now = this.now();
    if (!entry) return undefined;
    if (entry.expires <= now) {
      this.answers.delete(key);
      return undefined;
    }
    const message = Buffer.from(entry.message);
    message.writeUInt16BE(question.id, 0);
    // Guests may write a name in letters of any case, and compare.
    question.section.copy(message, dnsHeaderLength);
    const age = Math.floor((now - entry.stored) / 1000);
    for (const record of allRecords(message, question)) {
      if (record.type !== recordTypes.opt) message.writeUInt32BE(Math.max(record.ttl - age, 0), record.ttlAt);
    }
    return message;
  }

  add(key: string, question: Question, message: Buffer): void {
    const seconds = lifeOf(message, question);
    if (seconds <= 0 || message.length > maxAnswerLength) return;
    const [oldest] = this.answers.keys();
    if (this.answers.size >= maxAnswers && oldest !== undefined) this.answers.delete(oldest);
    const stored = this.now();
    this.answers.delete(key);
    this.answers.set(key, { message: Buffer.from(message), stored, expires: stored + seconds * 1000 });
  }
}

function allRecords(message: Buffer, question: Question): ReturnType<typeof records> {
  const count = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  return records(message, dnsHeaderLength + question.section.length, count);
}

/** Seconds; 0 for what is not to be kept. */
function lifeOf(message: Buffer, question: Question): number {
  const code = responseCodeOf(message);
  if (code !== responseCodes.ok && code !== responseCodes.noSuchName) return 0;
  const positive = code === responseCodes.ok && message.readUInt16BE(6) > 0;
  let life = Infinity;
  let authority: number | undefined;
  for (const { type, ttl, end } of allRecords(message, question)) {
    if (type === recordTypes.opt) continue;
    // A number with its highest bit set counts as 0 (RFC 2181, 8).
    life = Math.min(life, ttl > 0x7fffffff ? 0 : ttl);
    if (type === recordTypes.soa) authority = Math.min(ttl, message.readUInt32BE(end - 4));
  }
  if (positive) return Math.min(life, longestLife);
  return authority === undefined ? 0 : Math.min(authority, longestNegativeLife);
}
