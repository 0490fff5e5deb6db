import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import { encodeTerminalInput, type TerminalTask } from '@shared/ipc/terminal-process';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import type { HostedProcess } from '../../src/main/platform/process-host';
import { buildMain, type BuiltMain } from '../helpers/core';
import { sayWhySkipped } from '../helpers/programs';
import { Terminal } from '../helpers/terminal';

const suite = 'the process of a terminal';
const possible =
  process.platform !== 'win32' && (await import('node-pty').catch(() => undefined)) !== undefined;
if (!possible) sayWhySkipped(suite, 'node-pty is not installed');

describe.skipIf(!possible)(suite, () => {
  let built: BuiltMain;
  const open: HostedProcess[] = [];

  beforeAll(async () => {
    built = await buildMain({ 'terminal-process': 'src/main/processes/terminal/main.ts' });
  });
  afterAll(async () => {
    for (const child of open) child.kill();
    await built?.remove();
  });

  const begin = (task: TerminalTask) => {
    const child = nodeProcessHost(built.folder).start('terminal-process', 'test');
    open.push(child);
    const stream = byteStreamOver(child.openStream(task));
    return { child, stream, terminal: new Terminal(stream) };
  };
  const shell = (script: string): TerminalTask => ({
    kind: 'run',
    program: '/bin/sh',
    args: ['-c', script],
    columns: 91,
    rows: 17,
  });
  const keys = (text: string): Uint8Array => encodeTerminalInput({ keys: new TextEncoder().encode(text) });

  it('is a terminal of the size that is wanted, takes keys, and ends with the program', async () => {
    const { child, stream, terminal } = begin(
      shell(
        'stty size; read word; echo "got $word"; trap "stty size; exit" WINCH; while sleep 0.1; do :; done',
      ),
    );
    await terminal.waitFor('17 91');
    stream.send(keys('héllo\r'));
    await terminal.waitFor('got h');
    stream.send(encodeTerminalInput({ columns: 120, rows: 40 }));
    await terminal.waitFor('40 120');
    expect(await child.exited).toMatchObject({ code: 0 });
    expect(terminal.text).toContain('got h');
  });

  it('brings everything that a program prints, however slow the reader is', async () => {
    const { child, stream, terminal } = begin(
      shell('i=0; while [ $i -lt 40000 ]; do echo "line $i"; i=$((i+1)); done; read end'),
    );
    await terminal.waitFor('line 39999', 60_000);
    stream.send(keys('\r'));
    expect(terminal.text.match(/line \d+\r\n/g)).toHaveLength(40_000);
    await child.exited;
  });

  it('ends its program when the page goes, and says what stands in the way', async () => {
    const { child, stream, terminal } = begin(shell('echo "pid $$"; exec sleep 1000'));
    const [, pid] = /pid (\d+)/.exec(await terminal.waitFor(/pid \d+\r/)) ?? [];
    stream.close();
    await child.exited;
    // Gone, or waiting for its parent to take notice.
    const state = async (): Promise<string> => {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', pid ?? '']).catch(() => ({
        stdout: '',
      }));
      return stdout.trim();
    };
    await expect.poll(state, { timeout: 20_000 }).toMatch(/^(Z.*)?$/);
    const told = begin({ kind: 'say', text: 'There is no ssh.\nInstall it.' });
    await told.terminal.waitFor('There is no ssh.\r\nInstall it.');
    await told.child.exited;
    const missing = begin({ ...shell(''), program: '/no/such/program' } as TerminalTask);
    await missing.child.exited;
    expect(missing.terminal.text).toMatch(/No such file|failed/i);
  });
});
