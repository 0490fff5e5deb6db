import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AgentMessage, agentMessage, AgentReader, encodeAgentMessage, words } from './agent-messages';

const bytes = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);

function feed(reader: AgentReader, data: Uint8Array, cuts: readonly number[]): void {
  let at = 0;
  for (const cut of [...cuts, data.length]) {
    reader.take(data.subarray(at, at + cut));
    at += cut;
  }
}

describe('messages of a SPICE agent', () => {
  it('have the layout of vd_agent.h', () => {
    const encoded = encodeAgentMessage(agentMessage.clipboardGrab, words(0, 1));
    expect(Buffer.from(encoded).toString('hex')).toBe(
      [
        '01000000',
        '1c000000',
        '01000000',
        '07000000',
        '0000000000000000',
        '08000000',
        '00000000',
        '01000000',
      ].join(''),
    );
  });

  it('come out as they went in, in chunks of at most 2048 bytes and however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ type: fc.nat(20), data: fc.uint8Array({ maxLength: 6000, size: 'max' }) }), {
          maxLength: 4,
        }),
        fc.array(fc.nat(700), { maxLength: 12 }),
        (messages, cuts) => {
          const heard: AgentMessage[] = [];
          const reader = new AgentReader(10_000, (message) => heard.push(message));
          feed(reader, bytes(...messages.map(({ type, data }) => encodeAgentMessage(type, data))), cuts);
          expect(heard.map(({ type, data }) => ({ type, data: Uint8Array.from(data) }))).toEqual(messages);
        },
      ),
    );
  });

  it('come in one chunk from spice-vdagent, however long they are', () => {
    const data = new Uint8Array(50_000).fill(7);
    const heard: AgentMessage[] = [];
    const reader = new AgentReader(100_000, (message) => heard.push(message));
    reader.take(bytes(words(1, 20 + data.length, 1, agentMessage.clipboard, 0, 0, data.length), data));
    expect(heard).toMatchObject([{ type: agentMessage.clipboard, data }]);
  });

  it('are counted but not kept when they are too long', () => {
    const heard: AgentMessage[] = [];
    const reader = new AgentReader(100, (message) => heard.push(message));
    reader.take(bytes(encodeAgentMessage(4, new Uint8Array(5000)), encodeAgentMessage(9, words(7))));
    expect(heard).toEqual(
      [{ type: 9, data: Buffer.from(words(7)) }].map((one) => ({ ...one, data: words(7) })),
    );
  });

  it('never make the reader fail otherwise than by saying so', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (junk, framed) => {
        let largest = 0;
        const reader = new AgentReader(64, ({ data }) => (largest = Math.max(largest, data.length)));
        const data = framed ? bytes(words(1, Math.max(1, junk.length)), junk) : junk;
        try {
          reader.take(data);
        } catch (error) {
          expect(String(error)).toMatch(/^Error: A (chunk|message) of /);
        }
        expect(largest).toBeLessThanOrEqual(64);
      }),
    );
  });
});
