import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type ErrorValue, Failure, toErrorValue, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { defaultNetworkId, networkConfig, type NetworkConfig } from '@shared/network/config';
import { copyPath, readJsonWithCopy, writeWithCopy } from '../platform/atomic-file';
import type { Log } from '../platform/log';
import { syncFolder } from '../platform/sync-folder';
import { hostSubnets } from './host-subnets';
import { firstNetwork } from './settings';

const configSuffix = '.json';
const leasesSuffix = '.leases.json';

/** The networks of a data folder: `networks/<id>.json`, each readable and hand-editable. */
export class NetworkStore {
  private readonly configs = new Map<string, NetworkConfig>();
  private readonly problems = new Map<string, ErrorValue>();

  private constructor(private readonly folder: string) {}

  /** Reads all; makes the default network where there is none. A file that cannot be read hides no other. */
  static async load(dataFolder: string, log: Log): Promise<NetworkStore> {
    const store = new NetworkStore(join(dataFolder, 'networks'));
    await mkdir(store.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(store.folder)) {
      if (!name.endsWith(configSuffix) || name.endsWith(leasesSuffix) || name.startsWith('.')) continue;
      const id = name.slice(0, -configSuffix.length);
      await store.read(id).catch((error: unknown) => {
        store.problems.set(id, toErrorValue(error));
        log.warn(`the network “${id}” cannot be used`, error);
      });
    }
    if (!store.configs.has(defaultNetworkId) && !store.problems.has(defaultNetworkId)) {
      await store.write(firstNetwork(await hostSubnets()));
    }
    return store;
  }

  list(): NetworkConfig[] {
    return [...this.configs.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  find(id: string): NetworkConfig | undefined {
    return this.configs.get(id);
  }

  /** The ids that are taken, also by files that cannot be read. */
  ids(): ReadonlySet<string> {
    return new Set([...this.configs.keys(), ...this.problems.keys()]);
  }

  /** @throws Failure `network.not-found`, or what is wrong with its file */
  get(id: string): NetworkConfig {
    const config = this.configs.get(id);
    if (config) return config;
    const problem = this.problems.get(id);
    throw problem ? toFailure(problem) : new Failure('network.not-found', phrase('network.none', { id }));
  }

  /** @throws the errors of `node:fs`; the old file is untouched then */
  async write(config: NetworkConfig): Promise<void> {
    await writeWithCopy(this.pathOf(config.id), `${JSON.stringify(config, null, 2)}\n`);
    this.configs.set(config.id, config);
  }

  /**
   * Removes a network's files, the copy of its configuration first: it must not come back by that.
   *
   * @throws the errors of `node:fs`
   */
  async remove(id: string): Promise<void> {
    const path = this.pathOf(id);
    await rm(copyPath(path), { force: true });
    await rm(path, { force: true });
    this.configs.delete(id);
    await rm(this.leasesPath(id), { force: true });
    await syncFolder(this.folder);
  }

  /** Where the switch writes down who has which address. */
  leasesPath(id: string): string {
    return join(this.folder, `${id}${leasesSuffix}`);
  }

  private pathOf(id: string): string {
    return join(this.folder, `${id}${configSuffix}`);
  }

  private async read(id: string): Promise<void> {
    const { value } = await readJsonWithCopy(this.pathOf(id));
    const parsed = networkConfig.safeParse(value);
    if (!parsed.success || parsed.data.id !== id) {
      const why = parsed.success ? 'it has another id than its file' : z.prettifyError(parsed.error);
      throw new Failure('network.invalid', phrase('network.unusable', { id, why }), {
        hint: phrase('network.unusableHint', { path: this.pathOf(id) }),
      });
    }
    this.configs.set(id, parsed.data);
  }
}
