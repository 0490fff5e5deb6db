import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createConnection, createServer as createTcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorValue, Failure, toErrorValue, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import { defaultNetworkId } from '@shared/network/config';
import { type Program, Shell, specFor } from './snapshot';

/** What trying the network out has shown; times in milliseconds, null where it did not come to that. */
export interface NetworkSelftest {
  ok: boolean;
  engine: string;
  /** From the start of the machine to its address. */
  leaseMs: number | null;
  /** For a page of 1 MiB from this computer, by name. */
  pageMs: number | null;
  /** Until what a machine says has come by a forward. */
  forwardMs: number | null;
  error?: ErrorValue;
}

const pageSize = 1024 * 1024;
const guestPort = 7777;
const bootMs = 180_000;
const answerMs = 60_000;
const askEveryMs = 200;

/**
 * Has Starter Linux get an address, fetch a page from this computer's loopback by the name of the host, and answer a
 * call that comes by a forward. Nothing goes beyond this computer. The machine stays in the library of `program`,
 * which is the caller's to remove.
 */
export async function networkSelftest(
  engine: string,
  program: Program,
  signal: AbortSignal,
): Promise<NetworkSelftest> {
  const result: NetworkSelftest = { ok: false, engine, leaseMs: null, pageMs: null, forwardMs: null };
  const page = randomBytes(pageSize);
  const server = createServer((_request, response) => response.end(page));
  try {
    const port = await listen(server);
    await tryOut(program, engine, { page, port }, result, signal);
    return { ...result, ok: true };
  } catch (error) {
    signal.throwIfAborted();
    return { ...result, error: toErrorValue(error) };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function tryOut(
  program: Program,
  engine: string,
  { page, port }: { page: Buffer; port: number },
  result: NetworkSelftest,
  signal: AbortSignal,
): Promise<void> {
  const { handlers, machines, jobs } = program;
  await handlers['network.edit']({
    id: defaultNetworkId,
    changes: { offers: [{ protocol: 'tcp', port, hostPort: port }] },
  });
  const { jobId } = await handlers['machine.create']({ spec: await specWithCard(program, engine) });
  const { result: made, error } = await jobs.ended(jobId);
  const id = (made as { id?: string } | undefined)?.id;
  if (id === undefined)
    throw error ? toFailure(error) : new Failure('cancelled', phrase('selftest.noMachine'));

  const started = performance.now();
  await handlers['machine.start']({ id });
  await until(signal, bootMs, 'address', async () => {
    const { leases } = await handlers['network.get']({ id: defaultNetworkId });
    return leases.length > 0;
  });
  result.leaseMs = Math.round(performance.now() - started);
  const runner = machines.power.processOf(machines.library.get(id));
  const guest = new Shell(byteStreamOver(runner.openStream({ name: 'serial', port: 0 })), signal);
  await guest.run(':', bootMs);

  let began = performance.now();
  const fetched = await guest.run(`wget -q -O - http://host:${port}/ | md5sum`, answerMs);
  result.pageMs = Math.round(performance.now() - began);
  const wanted = createHash('md5').update(page).digest('hex');
  if (!fetched.includes(wanted)) throw new Failure('internal', `The guest did not get the page: ${fetched}`);

  const hostPort = await freePort();
  await handlers['network.setForward']({
    id: defaultNetworkId,
    forward: { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort, machine: id, guestPort },
  });
  const word = randomBytes(8).toString('hex');
  await guest.run(`{ (echo ${word} | nc -l -p ${guestPort}) >/dev/null 2>&1 & }`, answerMs);
  began = performance.now();
  await until(signal, answerMs, 'forwardAnswer', async () => (await read(hostPort)).includes(word));
  result.forwardMs = Math.round(performance.now() - began);
  guest.close();
  await handlers['machine.powerOff']({ id });
}

async function specWithCard({ handlers }: Program, engine: string) {
  const spec = await specFor(handlers, engine);
  const engines = await handlers['host.engines']({});
  const [nicModel] =
    engines.find(({ capabilities }) => capabilities.id === engine)?.capabilities.nicModels ?? [];
  if (nicModel === undefined) throw new Failure('engine.unsupported', phrase('selftest.noCards', { engine }));
  return { ...spec, nicModel };
}

/** @throws Failure `timeout` */
async function until(
  signal: AbortSignal,
  limitMs: number,
  what: 'address' | 'forwardAnswer',
  isSo: () => Promise<boolean>,
): Promise<void> {
  for (const end = performance.now() + limitMs; performance.now() < end;) {
    signal.throwIfAborted();
    if (await isSo()) return;
    await sleep(askEveryMs);
  }
  throw new Failure('timeout', phrase('selftest.notInTime', { what: phrase(`selftest.${what}`) }));
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What comes over a connection to a port, until it ends however it does. */
function read(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(port, '127.0.0.1');
    socket.setTimeout(askEveryMs * 10, () => socket.destroy());
    socket.on('data', (data) => (text += data.toString()));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
  });
}
