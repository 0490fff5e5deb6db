import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { LineSplitter } from '../../../../platform/qmp/line-splitter';
import { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { StateSink } from '../../engine';
import { beginSaving } from './migration';
import { planQemu } from './plan';
import { pathsFor, testMachine } from './testing/matrix';

const pieces = 40;
const pieceLength = 64 * 1024;

/** As much of QEMU as hands out a memory. */
class FakeQemu {
  readonly commands: string[] = [];
  /** Bytes that somebody took. */
  taken = 0;
  status = 'none';
  readonly #server: Server;

  constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(
        '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\r\n',
      );
      const lines = new LineSplitter(1e6);
      socket.on('data', (data) => {
        for (const line of lines.push(data)) {
          const {
            execute,
            id,
            arguments: args,
          } = JSON.parse(line) as {
            execute: string;
            id: number;
            arguments: { uri?: string };
          };
          this.commands.push(execute);
          if (execute === 'migrate') void this.#migrate(args.uri?.slice('unix:'.length) ?? '');
          if (execute === 'migrate_cancel') this.status = 'cancelled';
          const value = execute === 'query-migrate' ? { status: this.status } : {};
          socket.write(`${JSON.stringify({ return: value, id })}\r\n`);
        }
      });
    });
  }

  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  close(): void {
    this.#server.close();
  }

  async #migrate(path: string): Promise<void> {
    this.status = 'active';
    const socket = createConnection(path);
    let gone = false;
    socket.on('error', () => (gone = true)).on('close', () => (gone = true));
    await once(socket, 'connect');
    for (let piece = 0; piece < pieces && !gone; piece++) {
      await new Promise((resolve) => socket.write(Buffer.alloc(pieceLength, piece), resolve));
      if (!gone) this.taken += pieceLength;
    }
    socket.end();
    if (!gone) this.status = 'completed';
  }
}

/** Takes so many bytes, and then no more. */
const sinkOf = (bytes: number): StateSink & { taken: number } => ({
  taken: 0,
  async write(data) {
    if (this.taken >= bytes) throw new Failure('file.no-space', 'There is no space.');
    this.taken += data.length;
  },
});

let folder: string;
let qemu: FakeQemu;
let client: QmpClient;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-migration-'));
  qemu = new FakeQemu();
  await qemu.listen(join(folder, 'q'));
  client = await QmpClient.connect({ path: join(folder, 'q') });
});
afterEach(async () => {
  client.close();
  qemu.close();
  await rm(folder, { recursive: true, force: true });
});

const save = async (sink: StateSink, behind: boolean): Promise<void> => {
  const config = testMachine({});
  const plan = planQemu(config, pathsFor(config, folder));
  const { done } = await beginSaving(client, plan, join(folder, 'm'), sink, behind);
  await done;
};

describe('saving a state', () => {
  it.each([true, false])('hands everything on (behind the guest: %s)', async (behind) => {
    const sink = sinkOf(Infinity);
    await save(sink, behind);
    expect(sink.taken).toBeGreaterThan(pieces * pieceLength);
  });

  it('is cut off when nobody takes it any more', async () => {
    await expect(save(sinkOf(pieceLength), false)).rejects.toMatchObject({ code: 'file.no-space' });
    expect(qemu.commands).toContain('migrate_cancel');
  });

  it('is never cut off behind a running guest, which would not run any more', async () => {
    await expect(save(sinkOf(pieceLength), true)).rejects.toMatchObject({ code: 'file.no-space' });
    expect(qemu.commands).not.toContain('migrate_cancel');
    expect(qemu.taken).toBe(pieces * pieceLength);
  });
});
