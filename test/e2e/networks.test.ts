import { connect } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppUnderTest, startBrowserApp } from '../helpers/app';
import { seriousViolations } from '../helpers/axe';
import { starterLinuxIso } from '../helpers/machine-config';
import { prepareMachines } from '../helpers/prepared-machines';
import { chromiumProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem, openConsole, waitForSerial } from '../helpers/ui';

const folder = path.resolve('test-results/screenshots');
const possible = chromiumProgram !== undefined;
if (!possible) sayWhySkipped('networks', 'Chromium is missing');

const proxyPort = 24_681;
const nic = (mac: string) => [{ id: 'nic0', model: 'virtio' as const, mac, connected: true, network: 'nat' }];

/** As SOCKS says that the machine did not want the connection (RFC 1928, section 6). */
const socksRefused = 5;

/** Asks the proxy for a port of a machine. @returns how it went, in the words of SOCKS */
function knock(port: number, machine: string, guestPort: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    const received: Buffer[] = [];
    socket.on('error', reject);
    socket.on('data', (data) => {
      received.push(data);
      const all = Buffer.concat(received);
      if (all.length === 2) {
        const name = Buffer.from(machine);
        socket.write(Buffer.concat([Buffer.of(5, 1, 0, 3, name.length), name, Buffer.of(0, guestPort)]));
      }
      if (all.length >= 12) resolve(all[3]);
    });
    socket.on('close', () => resolve(undefined));
    socket.write(Buffer.of(5, 1, 0));
  });
}

/** A person and the networks, with a guest on one of them. */
describe.skipIf(!possible)('networks', () => {
  let app: AppUnderTest;
  let data: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    data = await temporaryFolder('e2e-networks');
    await prepareMachines(data.path, [
      {
        name: 'Traveller',
        memoryMiB: 128,
        boot: ['cdrom'],
        drives: [{ id: 'cd0', kind: 'cdrom', path: path.resolve(starterLinuxIso) }],
        nics: nic('52:54:00:00:01:01'),
      },
      { name: 'Neighbour', nics: nic('52:54:00:00:01:02') },
    ]);
    app = await startBrowserApp({ dataFolder: data.path, size: { width: 1280, height: 800 } });
  });
  afterAll(async () => {
    await app?.close();
    await data?.remove();
  });

  const page = () => app.manager;
  const tab = (name: string) => page().getByRole('tab', { name, exact: true }).click();
  async function look(name: string): Promise<void> {
    await page().screenshot({ path: path.join(folder, `networks-${name}.png`), animations: 'disabled' });
    expect(await seriousViolations(page())).toEqual([]);
  }

  /** As a hand does it: takes a machine's plug, and lets it go at a network. */
  async function dragPlug(machine: string, network: string): Promise<void> {
    const map = page().getByTestId('network-map');
    const socket = map
      .locator('.vue-flow__node', { hasText: network })
      .locator('.vue-flow__handle[data-handleid="machines"]');
    const places = async () =>
      [await map.getByTitle(`of ${machine}`).boundingBox(), await socket.boundingBox()] as const;
    // The picture comes to rest first.
    let last = '';
    const rests = async (): Promise<boolean> => {
      const before = last;
      last = JSON.stringify(await places());
      return last === before;
    };
    await expect.poll(rests, { interval: 250 }).toBe(true);
    const [plug, place] = await places();
    if (!plug || !place) throw new Error('the plug or the network is not there');
    const middle = (box: typeof plug) => [box.x + box.width / 2, box.y + box.height / 2] as const;
    await page().mouse.move(...middle(plug));
    await page().mouse.down();
    const [x, y] = middle(place);
    await page().mouse.move(x - 20, y + 20, { steps: 5 });
    await page().mouse.move(x, y, { steps: 5 });
    await page().mouse.up();
  }

  it('are made, changed and deleted', async () => {
    await page().getByRole('navigation').getByRole('link', { name: 'Networks' }).click();
    await page().getByTestId('network-map').getByText('Traveller').waitFor();
    await look('map');
    await page().getByTestId('new-network').click();
    await page().getByLabel('Name').fill('Lab');
    await page()
      .getByRole('radio', { name: /^Isolated/ })
      .check();
    await look('new');
    await page().getByTestId('new-network-confirm').click();
    await page().locator('[data-network]', { hasText: 'Lab' }).waitFor();

    await tab('Settings');
    await page().getByLabel('Name', { exact: true }).fill('Laboratory');
    await page().getByTestId('save-network').click();
    const laboratory = page().locator('[data-network]', { hasText: 'Laboratory' });
    await laboratory.waitFor();
    await look('settings');

    // A cable is plugged in elsewhere by hand; then the network is in use, and stays.
    await tab('Map');
    await dragPlug('Neighbour', 'Laboratory');
    await laboratory.getByText('1 machine').waitFor();
    await look('map-two');
    await tab('Machines');
    await page().getByLabel('Network of Neighbour').click();
    await page().getByRole('option', { name: 'NAT' }).click();
    await laboratory.getByText('no machine').waitFor();

    await page().getByRole('button', { name: 'Delete network…' }).click();
    await page().getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await laboratory.waitFor({ state: 'detached' });
  });

  it('have a firewall and forwards, each with its problems told where they are', async () => {
    await tab('Port forwards');
    await page().getByTestId('add-forward').click();
    await page().getByLabel('Port of this computer').fill('24680');
    await page().getByLabel('Port of the machine').fill('80');
    await look('forward');
    await page().getByTestId('forward-confirm').click();
    await page().locator('[data-forward]', { hasText: '24680' }).waitFor();
    // The same port once more cannot be.
    await page().getByTestId('add-forward').click();
    await page().getByLabel('Port of this computer').fill('24680');
    await page().getByTestId('forward-confirm').click();
    await page().getByRole('dialog').getByRole('alert').waitFor();
    await page().keyboard.press('Escape');
    await look('forwards');
    // Off until somebody wants it; then it says how it is used.
    await page().getByLabel('Port', { exact: true }).fill(String(proxyPort));
    await page().getByLabel('Proxy to the machines').click();
    await page().getByText(`socks5h://127.0.0.1:${proxyPort}`, { exact: true }).waitFor();
    await look('proxy');

    await tab('Firewall');
    await page().getByLabel('No access to my LAN').click();
    await page().getByRole('button', { name: 'Add a rule' }).click();
    await page().getByLabel('Address or prefix').fill('192.0.2.0/24');
    await page().getByLabel('Address or prefix').press('Tab');
    await expect
      .poll(() => page().getByLabel('No access to my LAN').getAttribute('aria-checked'))
      .toBe('true');
    await look('firewall');
  });

  it('show who is on them and what passes, while a guest runs', async () => {
    await page().getByRole('navigation').getByRole('link', { name: 'Library' }).click();
    await machineItem(page(), 'Traveller').click();
    await page().locator('[data-action="start"]').click();
    const console = await openConsole(app, 'Traveller');
    await waitForSerial(console, /Starter Linux ready/);

    await page().getByRole('navigation').getByRole('link', { name: 'Networks' }).click();
    await tab('Capture');
    await page().getByTestId('start-capture').click();
    // The guest asks for an address as soon as its card is there.
    await page().getByRole('gridcell', { name: 'DHCP' }).first().waitFor();
    await page().getByRole('gridcell', { name: 'DHCP' }).first().click();
    await page().getByRole('region', { name: 'The frame' }).getByText('DHCP').first().waitFor();
    await look('capture');
    await page().getByLabel('Filter').fill('icmp6');
    await page().getByLabel('Filter').press('Enter');
    await page().getByRole('gridcell', { name: 'ICMPv6' }).first().waitFor();
    expect(await page().getByRole('gridcell', { name: 'DHCP' }).count()).toBe(0);

    await tab('Machines');
    await page()
      .getByText(/^10\.86\.0\.\d+$/)
      .waitFor({ timeout: 120_000 });
    await tab('Traffic');
    // The guest is reached by its name; nothing listens there, which is an answer of its own.
    const knocks = page()
      .getByTestId('flows')
      .locator('tr', { hasText: 'Traveller' })
      .filter({ hasText: ':9' });
    const isSeen = async (): Promise<boolean> =>
      (await knock(proxyPort, 'traveller', 9)) === socksRefused && (await knocks.count()) > 0;
    await expect.poll(isSeen, { timeout: 30_000 }).toBe(true);
    await look('traffic');

    await tab('Machines');
    await page().getByLabel('Counters of Traveller, card nic0').click();
    await page().getByTestId('port-counters').getByText('Dropped: nobody there').waitFor();
    const row = page().locator('tr', { hasText: 'Traveller' });
    await row.getByText(/^10\.86\.0\.\d+$/).waitFor();
    await row.getByLabel('Cable of Traveller').click();
    await page().getByRole('option', { name: 'Satellite' }).click();
    await row.getByText('Satellite').waitFor();
    await look('machines');
    await tab('Map');
    await page()
      .getByTestId('network-map')
      .getByText(/10\.86\.0\.|\/s/)
      .first()
      .waitFor();
    await look('map-running');
    await page().locator('.vue-flow__edge.map-live').first().click({ force: true });
    await page().getByTestId('cable-details').getByText('Refused: false sender').waitFor();
    await look('map-cable');
    await page().getByRole('navigation').getByRole('link', { name: 'Library' }).click();
    await machineItem(page(), 'Traveller').click();
    await page()
      .getByTestId('details-network')
      .getByText(/^10\.86\.0\.\d+$/)
      .waitFor();
    await look('library');
  });
});
