import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { QmpClient } from '../../src/main/platform/qmp/qmp-client';
import { screenArguments } from '../../src/main/processes/machine/engines/qemu/arguments/screen';
import { planQemu } from '../../src/main/processes/machine/engines/qemu/plan';
import { createQemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { connectScreen, unlockScreen } from '../../src/main/processes/machine/engines/qemu/screen-address';
import { makeSockets, socketsIn } from '../../src/main/processes/machine/engines/qemu/sockets';
import { pathsFor, testMachine } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { hostImages } from '../../src/main/processes/machine/images';
import { ModelClient } from '../../src/main/processes/machine/rfb/testing/model-client';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { engineEvents } from '../helpers/engine-events';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

/** The way to QEMU's screen where there are no unix sockets (Windows), forced here: a loopback port with a password. */

const qemu = findProgram('qemu-system-x86_64');
if (!qemu) sayWhySkipped('the screen behind a password', 'qemu-system-x86_64 is missing');

/** How a connection to the port ends, or the first bytes of it. */
async function knock(host: string, port: number): Promise<string> {
  const socket = createConnection({ host, port });
  try {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString('latin1');
  } catch (error) {
    return (error as { code?: string }).code ?? 'error';
  } finally {
    socket.destroy();
  }
}

describe.skipIf(!qemu)('the screen behind a password', () => {
  it('lets nobody in before it has one, only whoever knows it then, and nobody from outside', async () => {
    const { path: folder, remove } = await temporaryFolder('vnc');
    const sockets = { ...socketsIn(folder), screen: null };
    const config = testMachine({ serialPorts: 0 });
    const plan = planQemu(config, pathsFor(config, folder));
    const vnc = screenArguments(plan, sockets).slice(0, 4);
    expect(vnc).toEqual(['-display', 'none', '-vnc', '127.0.0.1:0,to=999,password=on,share=force-shared']);
    const args = ['-M', 'none', '-nodefaults', '-no-user-config', ...vnc];
    const child = spawn(qemu ?? '', [...args, '-qmp', `unix:${sockets.control},server=on,wait=off`], {
      stdio: 'ignore',
    });
    try {
      const client = await QmpClient.connect({ path: sockets.control });
      const port = Number((await client.execute('query-vnc', {})).service);
      await expect(connectScreen({ port, password: '' })).rejects.toThrow(/refuses the password/);

      const address = await unlockScreen(client, sockets);
      if (!('port' in address)) throw new Error('The screen is not at a port');
      expect(address.port).toBe(port);
      expect(address.password).toMatch(/^[\w+/]{8}$/);
      for (const password of ['', 'password', address.password.slice(1)]) {
        await expect(connectScreen({ port, password })).rejects.toThrow(/refuses the password/);
      }
      (await connectScreen(address)).destroy();

      expect(await knock('127.0.0.1', port)).toMatch(/^RFB 003\.008\n$/);
      const outside = Object.values(networkInterfaces()).flatMap((all) =>
        (all ?? []).flatMap(({ family, internal, address: own }) =>
          family === 'IPv4' && !internal ? [own] : [],
        ),
      );
      for (const host of outside) expect(await knock(host, port)).toBe('ECONNREFUSED');
      await client.execute('quit', {});
    } finally {
      child.kill('SIGKILL');
      await remove();
    }
  });

  it('is watched, captured and shown to viewers that know of no password', async () => {
    const { path: folder, remove } = await temporaryFolder('vnc');
    const failures: unknown[] = [];
    const sizes: string[] = [];
    const fail = (error: unknown): void => void failures.push(error);
    const events = engineEvents({
      pausedByProblem: fail,
      failed: fail,
      screen: ({ width, height }) => void sizes.push(`${width}×${height}`),
    });
    const engine = createQemuEngine(hostImages, undefined, async () => ({
      ...(await makeSockets()),
      screen: null,
    }));
    const config = testMachine({ guest: 'other' });
    const machine = await engine.launch(
      engine.plan(config, pathsFor(config, folder, { binary: qemu ?? '' })),
      events,
    );
    try {
      const viewers = await Promise.all(
        [0, 1].map(async () => {
          const [here, there] = streamPair();
          machine.connectGraphics(here);
          const viewer = new ModelClient(there);
          await viewer.connect();
          return viewer;
        }),
      );
      const [first, second] = viewers;
      if (!first || !second) throw new Error('No viewers');
      for (const viewer of viewers) {
        viewer.setEncodings(0);
        viewer.request(false);
        await viewer.update();
        // The firmware's text, not a black picture.
        expect(new Set(viewer.pixels).size).toBeGreaterThan(1);
      }
      await expect.poll(() => sizes.length).toBeGreaterThan(0);
      const { width, height } = await machine.capture();
      expect(sizes).toContain(`${width}×${height}`);
      expect(failures).toEqual([]);
    } finally {
      await machine.powerOff();
      await remove();
    }
  });
});
