import { describe, expect, it } from 'vitest';
import {
  chooseMirrors,
  fetchSettings,
  parseDeb822Sources,
  parseOneLineSources,
  writeSourcesList,
} from './apt-sources.mjs';

describe('one-line sources', () => {
  it('reads options, suite and components, and passes over comments and source packages', () => {
    const text = [
      '# deb http://commented.example/debian bookworm main',
      'deb [ arch=amd64 signed-by=/k.gpg check-valid-until=no ] http://mirror.example/debian/ bookworm main contrib # why',
      'deb-src http://mirror.example/debian bookworm main',
      'deb http://flat.example/packages ./',
      'nonsense',
    ].join('\n');
    expect(parseOneLineSources(text)).toEqual([
      {
        uri: 'http://mirror.example/debian',
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        options: { arch: 'amd64', 'signed-by': '/k.gpg', 'check-valid-until': 'no' },
      },
      { uri: 'http://flat.example/packages', suites: ['./'], components: [], options: {} },
    ]);
  });
});

describe('deb822 sources', () => {
  it('reads stanzas with comments, several URIs and continued fields', () => {
    const text = [
      'Types: deb deb-src',
      '# a comment inside',
      'URIs: http://a.example/debian http://b.example/debian/',
      'Suites: trixie',
      '  trixie-updates',
      'Components: main',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' -----END PGP PUBLIC KEY BLOCK-----',
      '',
      'Types: deb',
      'URIs: http://off.example/debian',
      'Suites: bookworm',
      'Enabled: no',
      ' ',
      'Types: deb-src',
      'URIs: http://source.example/debian',
      'Suites: bookworm',
    ].join('\n');
    const sources = parseDeb822Sources(text);
    expect(sources.map((source) => source.uri)).toEqual([
      'http://a.example/debian',
      'http://b.example/debian',
    ]);
    expect(sources[0]).toMatchObject({ suites: ['trixie', 'trixie-updates'], components: ['main'] });
  });

  it('finds nothing in an empty file', () => {
    expect(parseDeb822Sources('')).toEqual([]);
    expect(parseDeb822Sources('\n\n# only a comment\n')).toEqual([]);
  });
});

describe('choosing mirrors', () => {
  const source = (uri: string, suite: string, options = {}) => ({
    uri,
    suites: [suite],
    components: ['main'],
    options,
  });

  it('prefers a mirror of the release, then one of another release, then Debian’s own', () => {
    const mirrors = chooseMirrors(
      [
        source('http://deb.nodesource.com/node_20.x', 'nodistro'),
        source('http://other.example/debian', 'trixie'),
        source('http://near.example/debian', 'bookworm-updates'),
        source('http://near.example/debian-security', 'bookworm-security'),
      ],
      'bookworm',
    );
    expect(mirrors.map((mirror) => mirror.main.uri)).toEqual([
      'http://near.example/debian',
      'http://other.example/debian',
      'http://deb.debian.org/debian',
    ]);
    expect(mirrors[0]?.security.uri).toBe('http://near.example/debian-security');
  });

  it('knows snapshots and lists of mirrors, and does not take Ubuntu for Debian', () => {
    const main = (uri: string) => chooseMirrors([source(uri, 'bookworm')], 'bookworm')[0]?.main.uri;
    for (const uri of [
      'http://snapshot.debian.org/archive/debian/20250520T000000Z',
      'mirror+file:/etc/apt/mirrors/debian.list',
    ]) {
      expect(main(uri)).toBe(uri);
    }
    for (const uri of [
      'http://archive.ubuntu.com/ubuntu',
      'http://x.example/debian-ports',
      'http://x.example/mydebian',
    ]) {
      expect(main(uri)).toBe('http://deb.debian.org/debian');
    }
  });

  it('keeps how fresh an index must be, and never that it may be unsigned', () => {
    const options = {
      'check-valid-until': 'no',
      trusted: 'yes',
      'allow-insecure': 'yes',
      'signed-by': '/mine.gpg',
    };
    const [mirror] = chooseMirrors([source('http://near.example/debian', 'bookworm', options)], 'bookworm');
    if (!mirror) throw new Error('no mirror');
    const list = writeSourcesList(mirror, {
      release: 'bookworm',
      architecture: 'i386',
      keyring: '/debian.gpg',
    });
    expect(list.split('\n')).toEqual([
      'deb [arch=i386 signed-by=/debian.gpg check-valid-until=no] http://near.example/debian bookworm main',
      'deb [arch=i386 signed-by=/debian.gpg check-valid-until=no] http://near.example/debian bookworm-updates main',
      'deb [arch=i386 signed-by=/debian.gpg] http://deb.debian.org/debian-security bookworm-security main',
      '',
    ]);
  });
});

describe('settings for fetching', () => {
  it('keeps proxies and leaves out hooks and extra indexes', () => {
    const dump = [
      'APT::Architecture "amd64";',
      'APT::Update::Post-Invoke-Success:: "touch /tmp/x";',
      'Acquire::http::Proxy "http://proxy.example:3128";',
      'Acquire::IndexTargets::deb::DEP-11::MetaKey "x";',
      'Acquire::Check-Valid-Until "false";',
    ].join('\n');
    expect(fetchSettings(dump)).toBe(
      'Acquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Valid-Until "false";\n',
    );
  });
});
