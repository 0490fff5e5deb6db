import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import type { Forward } from '@shared/network/config';
import type { NetworkSummary } from '@shared/network/summary';
import { temporaryFolder } from '../../../test/helpers/temp-folder';
import type { HostedProcess, ProcessExit, ProcessHost } from '../platform/process-host';
import type { NetworksForSsh } from '../platform/ssh-way';
import { TerminalService } from './service';

const machine = 'abcdefgh01234567';
let folder: Awaited<ReturnType<typeof temporaryFolder>> | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await folder?.remove();
});

/** A terminal whose process ends as the test says, on a network that notes its forwards. */
async function open() {
  folder = await temporaryFolder('terminals');
  // Nobody starts it: it is only looked for.
  await writeFile(join(folder.path, 'ssh'), '#!/bin/sh\n', { mode: 0o755 });
  vi.stubEnv('PATH', folder.path);
  const forwards: Forward[] = [];
  const summary = (): NetworkSummary =>
    ({
      id: 'nat',
      running: true,
      config: { kind: 'nat', gatewayOn: true, forwards: [...forwards] },
      users: [{ machine }],
    }) as unknown as NetworkSummary;
  let allow = (): void => {};
  const allowed = new Promise<void>((resolve) => (allow = resolve));
  const networks: NetworksForSsh = {
    list: () => [summary()],
    async setForward(_network, forward) {
      await allowed;
      forwards.push({ ...forward, id: 'made' });
      return summary();
    },
    removeForward: () => Promise.resolve(forwards.splice(0)),
  };
  let end = (): void => {};
  const exited = new Promise<ProcessExit>((resolve) => (end = () => resolve({ code: 0, signal: null })));
  const giveStream = vi.fn();
  const child = { exited, giveStream, kill: vi.fn() } as unknown as HostedProcess;
  const host: ProcessHost = { start: () => child };
  const warn = vi.fn();
  const log = { info() {}, warn, once() {}, flush: () => Promise.resolve() };
  const service = new TerminalService(host, networks, log);
  service.start(
    { machine, folder: join(folder.path, 'kept'), user: null, columns: 80, rows: 24 },
    { kind: 'message-port', port: {} },
  );
  return { allow, end, forwards, giveStream, warn };
}

it('takes back the forward that it made when the terminal ends', async () => {
  const { allow, end, forwards, giveStream, warn } = await open();
  allow();
  await expect.poll(() => giveStream.mock.calls.length).toBe(1);
  expect(forwards).toHaveLength(1);
  end();
  await expect.poll(() => forwards).toEqual([]);
  expect(warn).not.toHaveBeenCalled();
});

it('leaves no forward behind when the terminal has ended before there was one', async () => {
  const { allow, end, forwards, giveStream } = await open();
  end();
  await new Promise(setImmediate);
  allow();
  await expect.poll(() => giveStream.mock.calls.length).toBe(1);
  await expect.poll(() => forwards).toEqual([]);
});
