/**
 * Debian packages of another architecture, fetched and verified by the computer's own apt with a configuration,
 * lists and cache of our own. Nothing is installed, no architecture is added, no file outside the cache folder is
 * written, and no rights are needed.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  chooseMirrors,
  fetchSettings,
  parseDeb822Sources,
  parseOneLineSources,
  writeSourcesList,
} from './apt-sources.mjs';

const run = promisify(execFile);
const updateTimeout = 180_000;
const downloadTimeout = 900_000;

/** Packages cannot be had on this computer, now. Not a defect: says why, and what would help. */
export class PackagesUnavailable extends Error {
  /**
   * @param {string} reason
   * @param {string} hint
   * @param {{ lasting?: boolean }} [details] lasting: false if trying again later may help without doing anything
   */
  constructor(reason, hint, { lasting = true } = {}) {
    super(reason);
    this.name = 'PackagesUnavailable';
    this.hint = hint;
    this.lasting = lasting;
  }
}

/**
 * @typedef {object} Package
 * @property {string} name
 * @property {string} version
 * @property {string} architecture
 * @property {string} source name of the source package
 * @property {string} sourceVersion
 * @property {string[]} depends first choices only, without version bounds
 * @property {string} sha256
 * @property {string} file where the package lies on a mirror
 */

const keyrings = ['gpg', 'pgp'].map((end) => `/usr/share/keyrings/debian-archive-keyring.${end}`);

function findKeyring() {
  const keyring = keyrings.find((file) => fs.existsSync(file));
  if (keyring) return keyring;
  throw new PackagesUnavailable(
    'the keys that Debian signs its packages with are not installed',
    'Install the package debian-archive-keyring (sudo apt-get install debian-archive-keyring).',
  );
}

async function requireTools() {
  for (const tool of ['apt-get', 'apt-cache', 'apt-config', 'dpkg-deb']) {
    try {
      await run(tool, ['--version'], { timeout: 20_000 });
    } catch (error) {
      throw new PackagesUnavailable(
        `${tool} does not run here (${error.code ?? error.message})`,
        'Run `npm run resources` on Debian or Ubuntu (a container will do) and copy the folder resources/guests here.',
      );
    }
  }
}

/** Reads what may be read: a source list with secrets in it that an ordinary user cannot open is passed over. */
function readHostSources() {
  const folder = '/etc/apt/sources.list.d';
  const read = (file) => {
    try {
      return fs.readFileSync(file, 'utf8');
    } catch (error) {
      if (['ENOENT', 'EACCES', 'EISDIR'].includes(error.code)) return '';
      throw error;
    }
  };
  const parts = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
  return [
    ...parseOneLineSources(read('/etc/apt/sources.list')),
    ...parts
      .filter((name) => name.endsWith('.list'))
      .flatMap((name) => parseOneLineSources(read(path.join(folder, name)))),
    ...parts
      .filter((name) => name.endsWith('.sources'))
      .flatMap((name) => parseDeb822Sources(read(path.join(folder, name)))),
  ];
}

function parseStanza(text) {
  const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
  const name = field('Package');
  const version = field('Version');
  const source = /^(\S+)(?: \((.*)\))?$/.exec(field('Source') ?? name);
  return {
    name,
    version,
    architecture: field('Architecture'),
    source: source[1],
    sourceVersion: source[2] ?? version,
    depends: [field('Pre-Depends'), field('Depends')]
      .filter(Boolean)
      .flatMap((list) => list.split(','))
      .map((choice) => choice.trim().split(/[\s|:(]/)[0]),
    sha256: field('SHA256'),
    file: field('Filename'),
  };
}

/** The first line of apt's output that says what went wrong: the others follow from it. */
const complaint = (error) =>
  `${error.stderr ?? ''}`
    .split('\n')
    .find((line) => /^[EW]:/.test(line))
    ?.replace(/^[EW]:\s*/, '')
    .replace(/\s+/g, ' ')
    .trim() ?? error.message;

export class PrivateApt {
  #environment;
  #folder;
  #log;

  /** Use `PrivateApt.open`. */
  constructor(folder, environment, log) {
    this.#folder = folder;
    this.#environment = environment;
    this.#log = log;
  }

  /**
   * Prepares the configuration and fetches the package lists.
   *
   * @param {object} options
   * @param {string} options.folder where configuration, lists and packages are kept
   * @param {string} options.release code name, such as `bookworm`
   * @param {string} options.architecture such as `i386`
   * @param {string[]} options.needs packages that a mirror must know to be good enough
   * @param {(line: string) => void} [options.log]
   * @returns {Promise<PrivateApt>}
   * @throws {PackagesUnavailable}
   */
  static async open({ folder, release, architecture, needs, log = () => {} }) {
    if (/["\s;{}]/.test(folder)) {
      throw new PackagesUnavailable(
        `apt cannot work in a folder of this name: ${folder}`,
        'Move the project to a folder without blanks, quotes, braces or semicolons in its path.',
      );
    }
    await requireTools();
    const keyring = findKeyring();
    for (const part of ['lists/partial', 'archives/partial', 'empty']) {
      fs.mkdirSync(path.join(folder, part), { recursive: true });
    }
    fs.writeFileSync(path.join(folder, 'status'), '');
    const { stdout: hostSettings } = await run('apt-config', ['dump'], { timeout: 20_000 });
    fs.writeFileSync(path.join(folder, 'apt.conf'), configuration(folder, architecture, hostSettings));

    const environment = { ...process.env, APT_CONFIG: path.join(folder, 'apt.conf'), LC_ALL: 'C.UTF-8' };
    const apt = new PrivateApt(folder, environment, log);
    const failures = [];
    for (const mirror of chooseMirrors(readHostSources(), release)) {
      fs.writeFileSync(
        path.join(folder, 'sources.list'),
        writeSourcesList(mirror, { release, architecture, keyring }),
      );
      const problem = await apt.#update();
      if (await apt.#knowsAll(needs)) {
        if (problem) log(`Not every package list could be had; the others suffice. ${problem}`);
        return apt;
      }
      failures.push(`${mirror.main.uri}: ${problem ?? 'it does not have the packages'}`);
    }
    throw new PackagesUnavailable(
      `no Debian mirror could be used (${failures.join(' | ')})`,
      'Check the network connection (and the proxy in apt’s configuration), then run `npm run resources -- --force`.',
      { lasting: false },
    );
  }

  /** @returns {Promise<string | undefined>} what apt complained about */
  async #update() {
    try {
      await run('apt-get', ['update', '-q'], { env: this.#environment, timeout: updateTimeout });
      return undefined;
    } catch (error) {
      return complaint(error);
    }
  }

  async #knowsAll(names) {
    try {
      for (const name of names) await this.show(name);
      return true;
    } catch (error) {
      if (error instanceof PackagesUnavailable) return false;
      throw error;
    }
  }

  /**
   * @param {string} name
   * @returns {Promise<Package>} its newest version
   */
  async show(name) {
    try {
      const { stdout } = await run('apt-cache', ['show', '--no-all-versions', name], {
        env: this.#environment,
        timeout: 60_000,
        maxBuffer: 1 << 24,
      });
      return parseStanza(stdout);
    } catch (error) {
      throw new PackagesUnavailable(
        `the package ${name} could not be found (${complaint(error)})`,
        'Run `npm run resources -- --force` when the mirror has been updated.',
        { lasting: false },
      );
    }
  }

  /**
   * Downloads packages that are not in the cache yet. apt checks the signature of the lists and the lists' hash of
   * every package; a package from the cache is checked again here.
   *
   * @param {Package[]} packages
   * @returns {Promise<string[]>} paths of the .deb files, in the same order
   */
  async download(packages) {
    const archives = path.join(this.#folder, 'archives');
    const target = (each) => path.join(archives, `${each.sha256}.deb`);
    const isThere = (each) => fs.existsSync(target(each)) && sha256(target(each)) === each.sha256;
    const missing = packages.filter((each) => !isThere(each));
    if (missing.length > 0) {
      this.#log(`Downloading ${missing.map((each) => each.name).join(', ')}`);
      const arriving = fs.mkdtempSync(path.join(archives, 'arriving-'));
      try {
        const versions = missing.map((each) => `${each.name}=${each.version}`);
        await run('apt-get', ['download', '-q', ...versions], {
          cwd: arriving,
          env: this.#environment,
          timeout: downloadTimeout,
          maxBuffer: 1 << 24,
        });
        const arrived = new Map(
          fs
            .readdirSync(arriving)
            .map((name) => [sha256(path.join(arriving, name)), path.join(arriving, name)]),
        );
        for (const each of missing) {
          const file = arrived.get(each.sha256);
          if (!file) throw new Error(`${each.name} did not arrive as the package list describes it`);
          fs.renameSync(file, target(each));
        }
      } catch (error) {
        throw new PackagesUnavailable(
          `packages could not be downloaded (${complaint(error)})`,
          'Check the network connection, then run `npm run resources -- --force`.',
          { lasting: false },
        );
      } finally {
        fs.rmSync(arriving, { recursive: true, force: true });
      }
    }
    return packages.map(target);
  }
}

/** Unpacks the files of a package into a folder; its scripts are not run. */
export async function unpackPackage(file, folder) {
  fs.mkdirSync(folder, { recursive: true });
  await run('dpkg-deb', ['--extract', file, folder], { timeout: 300_000 });
}

function sha256(file) {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

/** apt.conf(5): read before the host's own files, which it then switches off. */
function configuration(folder, architecture, hostDump) {
  const settings = {
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': `${folder}/empty`,
    'Dir::Etc::sourcelist': `${folder}/sources.list`,
    'Dir::Etc::sourceparts': `${folder}/empty`,
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': `${folder}/empty`,
    'Dir::State': folder,
    'Dir::State::lists': `${folder}/lists`,
    'Dir::State::status': `${folder}/status`,
    'Dir::Cache': folder,
    'Dir::Cache::archives': `${folder}/archives`,
    'Dir::Log': folder,
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    // The cache may lie in a home folder that the user _apt cannot enter.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    // A list that could not be fetched is an error, not a warning beside success.
    'APT::Update::Error-Mode': 'any',
  };
  const defaults = {
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
    'Acquire::https::Timeout': '20',
  };
  const lines = (values) => Object.entries(values).map(([name, value]) => `${name} "${value}";\n`);
  return [...lines(defaults), fetchSettings(hostDump), ...lines(settings)].join('');
}
