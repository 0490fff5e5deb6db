/**
 * Reads apt's lists of package sources (sources.list(5)), both spellings, to learn which Debian mirror works on
 * this computer. Pure functions: text in, values out.
 */

/**
 * @typedef {object} AptSource
 * @property {string} uri without a slash at the end
 * @property {string[]} suites
 * @property {string[]} components
 * @property {Record<string, string>} options lower-case names, as written in brackets or as deb822 fields
 */

const withoutSlash = (uri) => uri.replace(/\/+$/, '');

/**
 * One-line format: `deb [option=value …] uri suite component…`.
 *
 * @param {string} text
 * @returns {AptSource[]} binary sources only
 */
export function parseOneLineSources(text) {
  const sources = [];
  for (const rawLine of text.split('\n')) {
    const line = rawLine.replace(/#.*/, '').trim();
    const match = /^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*(.*)$/.exec(line);
    if (!match) continue;
    const [, bracket = '', uri, suite, components] = match;
    const options = Object.fromEntries(
      bracket
        .split(/\s+/)
        .filter((word) => word.includes('='))
        .map((word) => [word.slice(0, word.indexOf('=')).toLowerCase(), word.slice(word.indexOf('=') + 1)]),
    );
    sources.push({
      uri: withoutSlash(uri),
      suites: [suite],
      components: components.split(/\s+/).filter(Boolean),
      options,
    });
  }
  return sources;
}

/**
 * deb822 format: stanzas of `Field: value`, apart by empty lines; a line that begins with a blank continues its
 * field.
 *
 * @param {string} text
 * @returns {AptSource[]} enabled binary sources only, one for each URI
 */
export function parseDeb822Sources(text) {
  const sources = [];
  const uncommented = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  for (const stanza of uncommented.split(/\n[ \t]*\n/)) {
    const fields = {};
    let field;
    for (const line of stanza.split('\n')) {
      const start = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line);
      if (start) {
        field = start[1].toLowerCase();
        fields[field] = start[2].trim();
      } else if (field && /^\s+\S/.test(line)) {
        fields[field] += ` ${line.trim()}`;
      }
    }
    const { types = '', uris = '', suites = '', components = '', enabled = 'yes', ...options } = fields;
    if (!types.split(/\s+/).includes('deb') || /^(no|false|off|without|disable|0)$/i.test(enabled)) continue;
    for (const uri of uris.split(/\s+/).filter(Boolean)) {
      sources.push({
        uri: withoutSlash(uri),
        suites: suites.split(/\s+/).filter(Boolean),
        components: components.split(/\s+/).filter(Boolean),
        options,
      });
    }
  }
  return sources;
}

/** `…/debian`, a snapshot of it (`…/archive/debian/20250520T000000Z`) or a list of mirrors (`…/debian.list`). */
const archivePattern = (name) => new RegExp(`/${name}(/\\d{8}T\\d{6}Z|\\.list)?$`);
const isMain = (source) => archivePattern('debian').test(source.uri);
const isSecurity = (source) => archivePattern('debian-security').test(source.uri);

/** Options that say how fresh an index must be: a frozen mirror cannot work without them. None weakens signatures. */
const keptOptions = ['check-valid-until', 'check-date', 'date-max-future'];

/**
 * Which mirrors to ask for a release, best first: those the computer already uses for this release, those it uses
 * for another release of Debian, and Debian's own.
 *
 * @param {AptSource[]} hostSources
 * @param {string} release code name, such as `bookworm`
 * @returns {{ main: AptSource, security: AptSource }[]}
 */
export function chooseMirrors(hostSources, release) {
  const covers = (source) =>
    source.suites.some((suite) => suite === release || suite.startsWith(`${release}-`));
  const preferred = (matches) => {
    const candidates = hostSources.filter(matches);
    return [...candidates.filter(covers), ...candidates.filter((source) => !covers(source))];
  };
  const official = { uri: 'http://deb.debian.org/debian', options: {} };
  const officialSecurity = { uri: 'http://deb.debian.org/debian-security', options: {} };
  const security = preferred(isSecurity)[0] ?? officialSecurity;
  const mirrors = [];
  for (const main of [...preferred(isMain), official]) {
    if (!mirrors.some((mirror) => mirror.main.uri === main.uri)) mirrors.push({ main, security });
  }
  return mirrors;
}

/**
 * The lines of a sources.list that verifies one release of one mirror with a given keyring.
 *
 * @param {{ main: AptSource, security: AptSource }} mirror
 * @param {{ release: string, architecture: string, keyring: string }} wanted
 */
export function writeSourcesList(mirror, { release, architecture, keyring }) {
  const line = (source, suite) => {
    const kept = keptOptions
      .filter((name) => source.options[name] !== undefined)
      .map((name) => ` ${name}=${source.options[name]}`)
      .join('');
    return `deb [arch=${architecture} signed-by=${keyring}${kept}] ${source.uri} ${suite} main\n`;
  };
  return [
    line(mirror.main, release),
    line(mirror.main, `${release}-updates`),
    line(mirror.security, `${release}-security`),
  ].join('');
}

/**
 * What `apt-config dump` says about fetching (proxies, certificates, time limits), as lines for a configuration
 * file of our own. Lists of extra indexes are left out: they name files that nothing here reads.
 *
 * @param {string} dump
 */
export function fetchSettings(dump) {
  return dump
    .split('\n')
    .filter(
      (line) => /^Acquire::/.test(line) && !/^Acquire::(IndexTargets|Languages|GzipIndexes)\b/i.test(line),
    )
    .map((line) => `${line}\n`)
    .join('');
}
