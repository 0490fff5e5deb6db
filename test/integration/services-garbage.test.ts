import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commands } from '@shared/ipc/contract';
import type { Message } from '@shared/ipc/messages';
import type { Core } from '../../src/main/core';
import { temporaryFolder, testCore } from '../helpers/core';

let dataFolder: string;
let core: Core;

beforeAll(async () => {
  dataFolder = await temporaryFolder();
  core = await testCore('/nowhere', dataFolder, {
    processHost: {
      start() {
        throw new Error('no process can be started by garbage');
      },
    },
  });
});
afterAll(async () => {
  await core?.shutdown('power-off');
  if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
});

/** A client that sends whatever it likes. */
function connect() {
  const answers: Message[] = [];
  let send: (message: unknown) => void = () => {};
  core.serve(
    {
      post: (message) => void answers.push(message),
      onMessage: (listener) => {
        send = listener;
      },
      onClose: () => {},
    },
    'a test',
  );
  return { answers, send: (message: unknown) => send(message) };
}

/** Resolves when the client has got an answer to a call of its own. */
async function stillAnswers({ answers, send }: ReturnType<typeof connect>): Promise<void> {
  const id = 1_000_000 + answers.length;
  send({ kind: 'call', id, name: 'app.info', params: {} });
  await expect
    .poll(() => answers.find((answer) => answer.kind === 'result' && answer.id === id), {
      interval: 1,
    })
    .toBeTruthy();
}

// What ends the program is meant to; everything else may be sent.
const names = Object.keys(commands).filter((name) => name !== 'app.quit');
const anyName = fc.oneof(
  fc.constantFrom(...names),
  fc.constantFrom('__proto__', 'constructor', 'toString', ''),
  fc.string(),
);
const id = fc.constant('a'.repeat(16));
const params = fc.oneof(
  fc.object(),
  fc.anything(),
  fc.record(
    {
      id: fc.oneof(id, fc.string()),
      path: fc.oneof(fc.constantFrom('/', '/etc/passwd', '..', '/dev/null', '\0'), fc.string()),
      name: fc.string(),
      how: fc.constantFrom('erase', 'trash', 'forget', 'x'),
      keys: fc.array(fc.string()),
      spec: fc.object(),
      theme: fc.constantFrom('dark', 'light', 'pink'),
    },
    { requiredKeys: [] },
  ),
);
const nearlyCall = fc.record(
  {
    kind: fc.oneof(fc.constant('call'), fc.constantFrom('result', 'event', 'error', 'x')),
    id: fc.oneof(fc.nat(), fc.anything()),
    name: anyName,
    params,
    extra: fc.anything(),
  },
  { requiredKeys: ['kind'] },
);
const call = fc.record({ kind: fc.constant('call'), id: fc.nat(900_000), name: anyName, params });

it('refuses messages that do not fit, answers every call once, and goes on', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.anything(), nearlyCall, call), { maxLength: 20 }),
      async (messages) => {
        const client = connect();
        for (const message of messages) client.send(message);
        await stillAnswers(client);
        for (const { kind } of client.answers) expect(['result', 'error', 'event']).toContain(kind);
      },
    ),
    { numRuns: 150 },
  );
  expect(core.machines.list()).toEqual([]);
});

it('answers each well-formed call exactly once, with its number', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(call, { selector: ({ id: number }) => number, maxLength: 10 }),
      async (calls) => {
        const client = connect();
        for (const message of calls) client.send(message);
        const answered = (): number[] =>
          client.answers
            .flatMap((answer) => (answer.kind === 'event' ? [] : [answer.id]))
            .sort((a, b) => a - b);
        const asked = calls
          .filter(({ name }) => name.length <= 100)
          .map(({ id: number }) => number)
          .sort((a, b) => a - b);
        await expect.poll(answered, { interval: 1 }).toEqual(asked);
      },
    ),
    { numRuns: 80 },
  );
});

it('logs what it refuses once per kind', async () => {
  const client = connect();
  for (let count = 0; count < 100; count++) {
    client.send({ kind: 'call', id: count, name: 'machine.get', params: { id: `not an id ${count}` } });
    client.send(`nonsense ${count}`);
  }
  await stillAnswers(client);
  await core.log.flush();
  const log = await readFile(join(dataFolder, 'logs', 'vivarium.log'), 'utf8');
  expect(log.match(/bad parameters of machine\.get/g)).toHaveLength(1);
  expect(log.match(/a message that is not a call/g)).toHaveLength(1);
});

it('survives messages that are deep or long', async () => {
  const client = connect();
  let deep: unknown = {};
  for (let level = 0; level < 5000; level++) deep = { deep };
  client.send(deep);
  client.send({ kind: 'call', id: 1, name: 'preferences.set', params: deep });
  client.send({ kind: 'call', id: 2, name: 'x'.repeat(1_000_000) });
  client.send({
    kind: 'call',
    id: 3,
    name: 'machine.sendKeys',
    params: { id: 'a'.repeat(16), keys: Array(1e5).fill('A') },
  });
  await stillAnswers(client);
});
