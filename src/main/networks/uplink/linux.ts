import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { parseSubnet } from '@shared/network/address';
import type { NetworkConfig } from '@shared/network/config';
import { hostAddressOn, type UplinkDevice } from '@shared/network/uplink';
import { phrase } from '@shared/phrases/phrase';
import { allowedBridges } from './bridge-acl';
import { type Joined, type UplinkSystem, value } from './system';

/** `IFF_TAP` and `IFF_PERSIST` of `linux/if_tun.h`, as `tun_flags` in sysfs has them. */
const tapFlag = 0x0002;
const persistFlag = 0x0800;
/** `CAP_NET_ADMIN` of `linux/capability.h`. */
const networkAdministrator = 12n;
/** The longest name of a device (`IFNAMSIZ` of `linux/if.h`, without the zero at its end). */
const longestName = 15;
/** Where distributions put QEMU's program that opens bridges for ordinary users. */
const helpers = [
  'usr/lib/qemu/qemu-bridge-helper',
  'usr/libexec/qemu-bridge-helper',
  'usr/local/libexec/qemu-bridge-helper',
];

export interface LinuxOptions {
  /** Where the file system begins. */
  root: string;
  uid: number;
  /** `ip` of iproute2; undefined when it is missing. */
  ip: string | undefined;
}

interface Device extends Omit<UplinkDevice, 'problem'> {
  /** Of a TAP device: who may open it; -1: only the administrator. */
  owner: number;
  /** Of a TAP device: it goes with the program that made it. */
  transient: boolean;
  /** Of a macvtap device: its file. */
  file: string | null;
}

/** Linux: bridges by QEMU's helper, TAP devices by name, macvtap devices by their files. */
export function linuxUplinks({ root, uid, ip }: LinuxOptions): UplinkSystem {
  const classFolder = join(root, 'sys/class/net');

  async function find(name: string): Promise<Device | undefined> {
    // A name is a file name here.
    if (name.includes('/') || name.startsWith('.')) return undefined;
    const folder = join(classFolder, name);
    const files = await readdir(folder).catch(() => undefined);
    if (!files) return undefined;
    const text = async (file: string): Promise<string | null> =>
      (await readFile(join(folder, file), 'utf8').catch(() => null))?.trim() ?? null;
    const common = { name, mac: await text('address'), owner: -1, transient: false, file: null };
    if (files.includes('bridge')) return { ...common, kind: 'bridge' };
    const macvtap = files.find((file) => /^tap\d+$/.test(file));
    if (macvtap !== undefined) return { ...common, kind: 'macvtap', file: join(root, 'dev', macvtap) };
    const flags = files.includes('tun_flags') ? Number(await text('tun_flags')) : 0;
    if ((flags & tapFlag) !== 0) {
      const owner = Number((await text('owner')) ?? -1);
      return { ...common, kind: 'tap', owner, transient: (flags & persistFlag) === 0 };
    }
    return { ...common, kind: 'interface' };
  }

  async function isAdministrator(): Promise<boolean> {
    const status = await readFile(join(root, 'proc/self/status'), 'utf8').catch(() => '');
    const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
    return ((BigInt(`0x${mask}`) >> networkAdministrator) & 1n) === 1n;
  }

  async function problemOf({ name, kind, owner, file }: Device): Promise<Failure | undefined> {
    if (kind === 'interface') {
      return new Failure('host.unavailable', phrase('network.notJoinable', { device: name }), {
        hint: phrase('network.notJoinableHint', { device: name }),
      });
    }
    if (kind === 'macvtap') {
      const may = await mayUse(file ?? '');
      return may ? undefined : denied(name, `sudo chown "$USER" ${file ?? '/dev/tapN'}`);
    }
    if (kind === 'tap') {
      const may = owner === uid || (await isAdministrator());
      const command = `sudo ip tuntap del dev ${name} mode tap && sudo ip tuntap add dev ${name} mode tap user "$USER"`;
      if (!may) return denied(name, command);
      return (await mayUse(join(root, 'dev/net/tun')))
        ? undefined
        : denied('/dev/net/tun', 'sudo chmod 0666 /dev/net/tun');
    }
    return bridgeProblem(name);
  }

  async function bridgeProblem(name: string): Promise<Failure | undefined> {
    const helper = await findHelper();
    if (helper === undefined) {
      return new Failure('host.unavailable', phrase('network.noBridgeHelper', { device: name }), {
        hint: phrase('network.noBridgeHelperHint'),
      });
    }
    const { mode, uid: owner } = await stat(helper);
    const raised = (mode & 0o4000) !== 0 && owner === 0;
    if (!raised && !(await isAdministrator())) return denied(name, `sudo chmod u+s ${helper}`);
    const allowed = await allowedBridges(join(root, 'etc/qemu/bridge.conf'), name);
    return allowed ? undefined : denied(name, `echo allow ${name} | sudo tee -a /etc/qemu/bridge.conf`);
  }

  async function findHelper(): Promise<string | undefined> {
    for (const path of helpers) {
      const full = join(root, path);
      const found = await access(full, constants.F_OK).then(
        () => true,
        () => false,
      );
      if (found) return full;
    }
    return undefined;
  }

  async function ownDevice(): Promise<Failure | undefined> {
    const may = ip !== undefined && (await isAdministrator()) && (await mayUse(join(root, 'dev/net/tun')));
    if (may) return undefined;
    return new Failure('file.denied', phrase('network.noOwnDevice'), {
      hint: phrase('network.noOwnDeviceHint', {
        command: 'sudo ip tuntap add dev vm0 mode tap user "$USER" && sudo ip link set vm0 up',
      }),
    });
  }

  return {
    async devices() {
      const names = await readdir(classFolder).catch(() => []);
      const found = await Promise.all(names.map((name) => find(name)));
      const devices = found
        .filter((device) => device !== undefined)
        .filter(({ kind, transient }) => kind !== 'interface' && !transient);
      return Promise.all(
        devices.map(async (device) => {
          const { name, kind, mac } = device;
          return { name, kind, mac, problem: (await problemOf(device))?.toValue() ?? null };
        }),
      );
    },

    ownDevice,

    async join(config, name) {
      const device = await find(name);
      // One that goes with its program is the one that was made for this network the last time.
      if ((!device || device.transient) && config.kind === 'host-only') {
        const problem = await ownDevice();
        if (problem) throw problem;
        return ownTap(config, name);
      }
      if (!device) {
        throw new Failure('host.unavailable', phrase('network.noDevice', { device: name }), {
          hint: phrase('network.noDeviceHint'),
        });
      }
      const problem = await problemOf(device);
      if (problem) throw problem;
      if (device.kind === 'macvtap') return { netdev: 'tap,fd=3', open: device.file, setup: [] };
      if (device.kind === 'tap') return { netdev: tapOf(name), open: null, setup: [] };
      const helper = (await findHelper()) ?? '';
      return { netdev: `bridge,br=${value(name)},helper=${value(helper)}`, open: null, setup: [] };
    },
  };

  /** A TAP device that QEMU makes, and that goes with it. */
  function ownTap(config: NetworkConfig, name: string): Joined {
    const address = hostAddressOn(config);
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name) || name.length > longestName || address === undefined) {
      throw new Failure('network.invalid', phrase('network.badDevice', { device: name }), {
        hint: phrase('network.badDeviceHint', { length: longestName }),
      });
    }
    const prefix = parseSubnet(config.subnet)?.prefix ?? 24;
    const program = ip ?? 'ip';
    return {
      netdev: tapOf(name),
      open: null,
      setup: [
        [program, 'link', 'set', 'dev', name, 'address', stableMac(config)],
        [program, 'address', 'replace', `${address}/${prefix}`, 'dev', name],
        [program, 'link', 'set', 'dev', name, 'mtu', String(config.mtu), 'up'],
      ],
    };
  }
}

/** A hardware address that a network's own device has whenever it is made: who knows it need not learn another. */
function stableMac({ id, subnet }: NetworkConfig): string {
  const hash = createHash('sha256').update(`${id} ${subnet}`).digest();
  // Locally administered, an address of one station (IEEE 802, 8.4).
  return [0x02, 0x56, ...hash.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

const tapOf = (name: string): string => `tap,ifname=${value(name)},script=no,downscript=no`;

const mayUse = (path: string): Promise<boolean> =>
  access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );

function denied(device: string, command: string): Failure {
  return new Failure('file.denied', phrase('network.deviceDenied', { device }), {
    hint: phrase('network.deviceDeniedHint', { command }),
  });
}
