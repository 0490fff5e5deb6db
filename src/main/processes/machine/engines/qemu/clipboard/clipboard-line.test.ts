import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { frameText, TextFrames } from '@shared/ipc/text-frames';
import { streamPair } from '../../../rfb/testing/stream-pair';
import { type AgentMessage, agentMessage, AgentReader, encodeAgentMessage, words } from './agent-messages';
import { ClipboardLine } from './clipboard-line';

const { announceCapabilities, clipboard, clipboardGrab, clipboardRequest } = agentMessage;
const capabilities = words(0, (1 << 5) | (1 << 6));

let folder: string;
let server: Server;
let agent: Socket;
let line: ClipboardLine;
let heard: AgentMessage[];
const logged: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-clipboard-'));
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\vivarium-test-${process.pid}` : join(folder, 'c');
  server = createServer().listen(path);
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const socket = createConnection(path);
  await once(socket, 'connect');
  [agent] = await connected;
  heard = [];
  logged.length = 0;
  const reader = new AgentReader(2 * 1024 * 1024, (message) => heard.push(message));
  agent.on('data', (data) => reader.take(data));
  line = ClipboardLine.over(socket, 'both', (text) => logged.push(text));
});
afterEach(async () => {
  line.close();
  agent.destroy();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const types = (): number[] => heard.map(({ type }) => type);

it('brings texts from one window to the guest, and from the guest to every window', async () => {
  const windows = [0, 1].map(() => {
    const [here, there] = streamPair();
    line.connect(here);
    const texts: string[] = [];
    const frames = new TextFrames((text) => texts.push(text));
    there.onData((data) => frames.take(data));
    return { there, texts };
  });
  agent.write(encodeAgentMessage(announceCapabilities, capabilities));
  agent.write(encodeAgentMessage(clipboardGrab, words(0, 1)));
  await expect.poll(types).toContain(clipboardRequest);
  agent.write(encodeAgentMessage(clipboard, Buffer.concat([words(0, 1), Buffer.from('from the guest')])));
  await expect
    .poll(() => windows.map(({ texts }) => texts))
    .toEqual([['from the guest'], ['from the guest']]);
  windows[1]?.there.send(frameText('from the host'));
  await expect.poll(types).toContain(clipboardGrab);
  agent.write(encodeAgentMessage(clipboardRequest, words(0, 1)));
  await expect.poll(() => Buffer.from(heard.at(-1)?.data ?? []).toString()).toContain('from the host');
});

it('begins anew after an agent that cannot be understood, once that is quiet, and says so once', async () => {
  await expect.poll(types).toEqual([announceCapabilities]);
  agent.write(Buffer.alloc(100, 0xff));
  await expect.poll(types).toEqual([announceCapabilities, announceCapabilities]);
  agent.write(Buffer.alloc(100, 0xff));
  await expect.poll(types).toHaveLength(3);
  expect(logged).toHaveLength(1);
  agent.write(encodeAgentMessage(announceCapabilities, words(1, 0x60)));
  await expect.poll(types).toHaveLength(4);
}, 15_000);
