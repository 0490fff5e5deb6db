import { expect, it } from 'vitest';
import { longestText } from '@shared/ipc/text-frames';
import type { ClipboardSharing } from '@shared/machine/config';
import { type AgentMessage, agentMessage, AgentReader, words } from './agent-messages';
import { ClipboardSession } from './clipboard-session';

const { announceCapabilities, clipboard, clipboardGrab, clipboardRelease, clipboardRequest } = agentMessage;
const linux = (1 << 5) | (1 << 6);
const windows = linux | (1 << 9);
const text = (value: string): Uint8Array => Buffer.concat([words(0, 1), Buffer.from(value)]);

/** A session, and the agent that it talks to. */
function conversation(sharing: ClipboardSharing) {
  const sent: AgentMessage[] = [];
  const told: string[] = [];
  const reader = new AgentReader(2 * longestText, (message) => sent.push(message));
  const session = new ClipboardSession(sharing, {
    send: (bytes) => {
      reader.take(bytes);
      return true;
    },
    guestText: (value) => told.push(value),
  });
  session.begin();
  const says = (type: number, data: Uint8Array): void => session.receive({ type, data });
  const types = (): number[] => sent.splice(0).map(({ type }) => type);
  return { session, sent, told, says, types };
}

it('says what it can do, and answers who asks', () => {
  const { sent, says } = conversation('both');
  expect(sent.splice(0)).toMatchObject([{ type: announceCapabilities, data: words(1, linux) }]);
  says(announceCapabilities, words(1, linux));
  expect(sent).toMatchObject([{ type: announceCapabilities, data: words(0, linux) }]);
});

it('gives the host’s text to a guest that asks for it, and keeps the guest’s for the host', () => {
  const { session, sent, told, says, types } = conversation('both');
  session.offer('early');
  expect(types()).toEqual([announceCapabilities]);
  says(announceCapabilities, words(0, linux));
  expect(sent.splice(0)).toMatchObject([{ type: clipboardGrab, data: words(0, 1) }]);
  session.offer('größer');
  expect(types()).toEqual([clipboardGrab]);
  says(clipboardRequest, words(0, 1));
  expect(sent.splice(0)).toMatchObject([{ type: clipboard, data: new Uint8Array(text('größer')) }]);

  says(clipboardGrab, words(0, 2, 1));
  expect(sent.splice(0)).toMatchObject([{ type: clipboardRequest, data: words(0, 1) }]);
  says(clipboard, text('aus dem Gast\0'));
  expect(told).toEqual(['aus dem Gast']);
  // What came from the guest is not offered back to it, and what was the host's is not the guest's any more.
  session.offer('aus dem Gast');
  says(clipboardRequest, words(0, 1));
  expect(sent).toMatchObject([{ type: clipboard, data: words(0, 0) }]);
});

it('turns line ends into those of Windows, and back', () => {
  const { session, sent, told, says } = conversation('both');
  says(announceCapabilities, words(0, windows));
  session.offer('a\nb\r\nc');
  sent.length = 0;
  says(clipboardRequest, words(0, 1));
  expect(sent).toMatchObject([{ data: new Uint8Array(text('a\r\nb\r\nc')) }]);
  says(clipboardGrab, words(0, 1));
  says(clipboard, text('x\r\ny'));
  expect(told).toEqual(['x\ny']);
});

it('leaves selections alone that are not the clipboard, and answers of nobody’s question', () => {
  const { sent, told, says } = conversation('both');
  says(announceCapabilities, words(0, linux));
  sent.length = 0;
  says(clipboardGrab, words(1, 1));
  says(clipboard, text('never asked for'));
  says(clipboardRelease, words(1));
  says(99, new Uint8Array(3));
  expect(sent).toEqual([]);
  expect(told).toEqual([]);
});

it.each(['off', 'host-to-guest'] as const)('does not look at a guest’s clipboard with “%s”', (sharing) => {
  const { sent, told, says } = conversation(sharing);
  says(announceCapabilities, words(0, linux));
  says(clipboardGrab, words(0, 1));
  says(clipboard, text('secret of the guest'));
  expect(told).toEqual([]);
  expect(sent.filter(({ type }) => type === clipboardRequest)).toEqual([]);
});

it.each(['off', 'guest-to-host'] as const)('does not give the host’s clipboard away with “%s”', (sharing) => {
  const { session, sent, says } = conversation(sharing);
  says(announceCapabilities, words(0, linux));
  session.offer('secret of the host');
  says(clipboardRequest, words(0, 1));
  expect(sent.filter(({ type }) => type === clipboardGrab)).toEqual([]);
  expect(JSON.stringify(sent.map(({ data }) => Buffer.from(data).toString()))).not.toContain('secret');
  if (sharing === 'off') expect(sent).toEqual([]);
});
