import { createServer } from 'node:net';
import { Failure } from '@shared/errors';
import type { NetworkConfig } from '@shared/network/config';
import type { UplinkDevice, UplinkPlan } from '@shared/network/uplink';
import { phrase } from '@shared/phrases/phrase';
import { socketAddress } from '../../platform/paths';
import { findProgram } from '../../platform/program';
import { linuxUplinks } from './linux';
import { macUplinks } from './mac-os';
import { type UplinkSystem, value } from './system';
import { windowsUplinks } from './windows';

/**
 * The ways from networks to devices of this computer. A device is never opened by us, which would take code of our own
 * in each system: QEMU does it, without a machine in it. One such QEMU carries frames between the device and a local
 * socket that the network's switch connects to like to any machine; so what is joined can be captured, slowed down and
 * pulled like everything else, and machines of every engine get there.
 */
export class Uplinks {
  constructor(
    private readonly system: UplinkSystem,
    /** The QEMU to use. @throws Failure `engine.*` when there is none that can do it */
    private readonly program: () => Promise<string>,
    private readonly dataFolder: string,
    private readonly platform: NodeJS.Platform = process.platform,
  ) {}

  devices(): Promise<UplinkDevice[]> {
    return this.system.devices();
  }

  ownDevice(): Promise<Failure | undefined> {
    return this.system.ownDevice();
  }

  /** Why there cannot be any; undefined: nothing is known that is in the way. */
  async obstacle(): Promise<Failure | undefined> {
    return this.program().then(
      () => undefined,
      (error: unknown) => (error instanceof Failure ? error : undefined),
    );
  }

  /**
   * The way to a network's device.
   *
   * @returns null when it has none
   * @throws Failure that says what is in the way, and what to do
   */
  async plan(config: NetworkConfig): Promise<UplinkPlan | null> {
    if (!config.uplink) return null;
    const program = await this.program();
    const { netdev, open, setup } = await this.system.join(config, config.uplink.device);
    const address = await this.address(config.id);
    return {
      address,
      program,
      args: [
        ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'none'],
        // It stands still until somebody is at the socket: frames for nobody end QEMU 7.2 while it begins to listen.
        ...['-S', '-monitor', 'stdio'],
        // The device first: what cannot be opened ends QEMU before it listens.
        ...['-netdev', `${netdev},id=device`, '-netdev', 'hubport,id=port0,hubid=0,netdev=device'],
        ...['-netdev', `stream,id=cable,server=on,${listenOn(address)}`],
        ...['-netdev', 'hubport,id=port1,hubid=0,netdev=cable'],
      ],
      open,
      setup,
    };
  }

  private async address(network: string): Promise<string> {
    // QEMU has no named pipes for frames, and Node no unix sockets on Windows: a port of the loopback is left.
    if (this.platform === 'win32') return `127.0.0.1:${await freePort()}`;
    return socketAddress(`${this.dataFolder}\nuplink ${network}`);
  }
}

/** What this computer has. */
export async function uplinkSystem(platform: NodeJS.Platform = process.platform): Promise<UplinkSystem> {
  const uid = process.getuid?.() ?? -1;
  if (platform === 'darwin') return macUplinks(uid);
  if (platform === 'win32') return windowsUplinks();
  return linuxUplinks({ root: '/', uid, ip: await findProgram('ip') });
}

function listenOn(address: string): string {
  const [, host, port] = /^(127\.0\.0\.1):(\d+)$/.exec(address) ?? [];
  return host === undefined
    ? `addr.type=unix,addr.path=${value(address)}`
    : `addr.type=inet,addr.host=${host},addr.port=${port}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : undefined;
      server.close(() =>
        port === undefined
          ? reject(new Failure('host.unavailable', phrase('network.noFreePort')))
          : resolve(port),
      );
    });
  });
}
