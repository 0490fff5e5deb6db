import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createConnection } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import type { EngineEvents, RunningMachine } from '../../src/main/processes/machine/engine';
import { qemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { testLaunch } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { v86Engine } from '../../src/main/processes/machine/engines/v86/v86-engine';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { VirtualSwitch } from '../../src/main/processes/switch/virtual-switch';
import { starterLinuxIso, testConfig, testPaths } from '../helpers/machine-config';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';

const bootMs = 400_000;
const answerMs = 120_000;
/** Two emulated processors on one real one, with drivers to load. */
const driversMs = 400_000;

const qemu = findProgram('qemu-system-i386', 'qemu-system-x86_64');
if (!qemu)
  sayWhySkipped('a network with machines of both engines', 'QEMU is missing: both are of the embedded one');

const events: EngineEvents = {
  stopped: () => {},
  pausedByProblem: () => {},
  resumed: () => {},
  failed: () => {},
  pointer: () => {},
  screen: () => {},
  log: () => {},
};

/** A running guest, and its shell. */
class Guest {
  constructor(
    readonly machine: RunningMachine,
    private readonly terminal: Terminal,
  ) {}

  /** Runs a command in the guest's shell; gives what it printed. */
  async sh(command: string, limitMs = answerMs): Promise<string> {
    const text = await this.terminal.ask(`${command}; echo; echo en""d\n`, /\nend\r?\n/, limitMs);
    return text
      .replace(/\r/g, '')
      .replace(/\nend\n$/, '')
      .trim();
  }

  async ready(): Promise<void> {
    await this.terminal.waitFor('Starter Linux ready', bootMs);
    await this.terminal.ask('\n', '# ', answerMs);
    await this.terminal.ask('stty -echo; PS1=; echo qui""et\n', /\nquiet\r?\n/, answerMs);
    await this.sh('cd /tmp; until [ -e /run/ready ]; do sleep 1; done', driversMs);
    // A lease that was not to be had in time says more than a time that ran out.
    const wait =
      'n=0; until ip -4 addr show eth0 | grep -q inet || [ $n = 60 ]; do sleep 1; n=$((n+1)); done';
    await this.sh(wait, driversMs);
    if (!(await this.sh('ip -4 addr show eth0')).includes('inet')) {
      throw new Error(`no address: ${await this.sh('cat /run/services.log; ip link; pgrep -l udhcpc')}`);
    }
  }
}

describe.skipIf(!existsSync(starterLinuxIso))(
  'two Linux guests, one of each engine, on a virtual network',
  () => {
    let folder: { path: string; remove: () => Promise<void> };
    let network: VirtualSwitch;
    let server: Server;
    let hostPort: number;
    let config: NetworkConfig;
    const page = Buffer.alloc(700_000, 'Vivarium ');
    const guests: Guest[] = [];
    let a: Guest;
    let b: Guest;

    const start = async (
      engine: 'v86' | 'qemu',
      id: string,
      name: string,
      mac: string,
      model: 'virtio' | 'ne2k',
    ): Promise<Guest> => {
      const socket = join(folder.path, `${name}.sock`);
      const settings = testConfig({
        engine,
        id,
        name,
        memoryMiB: 64,
        boot: ['cdrom'],
        drives: [{ id: 'cd0', kind: 'cdrom', path: null }],
        nics: [{ id: 'nic0', model, mac, connected: true, network: 'nat' }],
      });
      const paths = testPaths(folder.path, {
        drives: { cd0: starterLinuxIso },
        networks: { nic0: socket },
        ...(engine === 'qemu' && {
          qemu: testLaunch(settings, { binary: qemu ?? '', nicSockets: { nic0: socket } }),
        }),
      });
      network.plug({ port: `${id}-nic0`, path: socket, machine: id, name, mac });
      const machine =
        engine === 'qemu'
          ? await qemuEngine.launch(qemuEngine.plan(settings, paths), events)
          : await v86Engine.launch(v86Engine.plan(settings, paths), events);
      const [here, there] = streamPair();
      machine.connectSerial(0, here);
      const guest = new Guest(machine, new Terminal(there));
      guests.push(guest);
      return guest;
    };

    beforeAll(
      async () => {
        folder = await temporaryFolder('switch-guests');
        server = createServer((request, response) => {
          if (request.url === '/page') response.end(page);
          else response.writeHead(404).end();
        });
        await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
        hostPort = (server.address() as { port: number }).port;
        network = new VirtualSwitch({
          events: { link: () => {}, leases: () => {}, log: () => {} },
          resolvers: () => [],
          searchDomains: () => [],
        });
        config = {
          ...defaultNetwork(),
          ipv6: { prefix: 'fd00:86::/64' },
          offers: [{ protocol: 'tcp', port: 8080, hostPort }],
        };
        await network.configure(config, join(folder.path, 'leases.json'));
        a = await start('v86', 'aaaaaaaaaaaaaaaa', 'First guest', '52:54:00:00:00:0a', 'virtio');
        b = await start(qemu ? 'qemu' : 'v86', 'bbbbbbbbbbbbbbbb', 'Second', '52:54:00:00:00:0b', 'ne2k');
        await Promise.all([a.ready(), b.ready()]);
      },
      bootMs + 2 * driversMs,
    );

    afterAll(async () => {
      await Promise.allSettled(guests.map(({ machine }) => machine.powerOff()));
      await network?.close();
      await new Promise((resolve) => server?.close(resolve));
      await folder?.remove();
    });

    it('get addresses by DHCP, with the way out and the names', async () => {
      expect(await a.sh('ip -4 -o addr show eth0')).toMatch(/ 10\.86\.0\.1\d\d\/24 /);
      expect(await a.sh('ip route show default')).toContain('via 10.86.0.1');
      expect(await a.sh('cat /etc/resolv.conf')).toBe('search vm.internal\nnameserver 10.86.0.1');
      expect(network.leases().map(({ mac }) => mac)).toEqual(
        expect.arrayContaining(['52:54:00:00:00:0a', '52:54:00:00:00:0b']),
      );
    });

    it('reach the gateway and each other by name', async () => {
      expect(await a.sh('ping -c 3 -W 5 10.86.0.1')).toContain('3 packets received');
      expect(await a.sh('ping -c 2 -W 5 gateway')).toContain('2 packets received');
      expect(await a.sh('ping -c 3 -W 5 second')).toContain('3 packets received');
      expect(await b.sh('ping -c 2 -W 5 first-guest.vm.internal')).toContain('2 packets received');
      expect(await a.sh('ping -c 2 -s 4000 -W 5 second')).toContain('2 packets received');
      expect(await a.sh('ping -c 2 -s 4000 -W 5 10.86.0.1')).toContain('2 packets received');
    });

    it('fetch a file from what the host offers, whole', async () => {
      const hash = createHash('md5').update(page).digest('hex');
      for (const guest of [a, b]) {
        expect(await guest.sh('wget -q -O page http://host:8080/page; md5sum < page')).toContain(hash);
      }
    });

    it.skipIf(hostAddress() === undefined)('fetch a file from an address of the host', async () => {
      const hash = createHash('md5').update(page).digest('hex');
      const url = `http://${hostAddress()}:${hostPort}/page`;
      expect(await a.sh(`wget -q -O page ${url}; md5sum < page`)).toContain(hash);
    });

    it('cannot reach a port that is not offered, nor addresses that are nobody’s', async () => {
      const knock = (address: string): Promise<string> =>
        a.sh(`timeout 20 nc ${address} ${hostPort} </dev/null 2>&1; echo status $?`);
      expect(await knock('10.86.0.1')).toMatch(/refused[^]*status 1/);
      // Link-local addresses, where clouds keep their secrets.
      expect(await knock('169.254.169.254')).toMatch(/status 1/);
    });

    it('make themselves addresses of IPv6, and reach the gateway by them', async () => {
      expect(await a.sh('ip -6 -o addr show eth0')).toMatch(/ fd00:86::5054:ff:fe00:a\/64 /);
      expect(await a.sh('ip -6 route show default')).toMatch(/default via fe80::/);
      expect(await a.sh('ping -6 -c 3 -W 5 fd00:86::1')).toContain('3 packets received');
    });

    it('send files to each other', async () => {
      await a.sh('head -c 1000000 /dev/urandom > sent');
      const received = b.sh('nc -l -p 5555 > received; md5sum < received');
      // Refused until the other one listens.
      await a.sh('until nc second 5555 < sent; do sleep 1; done');
      expect(await received).toBe(await a.sh('md5sum < sent'));
    });

    it('are reached from the host by a forward', async () => {
      const port = await freePort();
      const problems = await network.configure(
        {
          ...config,
          forwards: [
            {
              id: 'f1',
              protocol: 'tcp',
              hostAddress: '127.0.0.1',
              hostPort: port,
              machine: 'bbbbbbbbbbbbbbbb',
              guestPort: 7777,
            },
          ],
        },
        join(folder.path, 'leases.json'),
      );
      expect(problems).toEqual({ f1: null });
      const listening = b.sh('echo from the guest | nc -l -p 7777');
      const visit = (): Promise<string> =>
        new Promise((resolve) => {
          let received = '';
          const socket = createConnection(port, '127.0.0.1');
          socket.on('data', (data) => (received += data.toString()));
          socket.on('error', () => undefined);
          socket.on('close', () => resolve(received));
          socket.write('from the host\n');
        });
      // Refused until the guest listens.
      await expect.poll(visit, { interval: 500 }).toBe('from the guest\n');
      expect(await listening).toBe('from the host');
    });

    it('lose each other when a cable is pulled, and find each other when it is put back', async () => {
      await b.machine.setLink('nic0', false);
      expect(await a.sh('ping -c 1 -W 2 10.86.0.101 || ping -c 1 -W 2 10.86.0.100')).toBeDefined();
      expect(await a.sh('ping -c 1 -W 2 second')).toContain('0 packets received');
      await b.machine.setLink('nic0', true);
      expect(await a.sh('ping -c 3 -W 5 second')).not.toContain(' 0 packets received');
    });
  },
);

/** An address of this computer that is not its loopback. */
function hostAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
