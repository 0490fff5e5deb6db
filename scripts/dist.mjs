/**
 * `npm run dist`: builds the packages of this system into `dist/`, and says which it cannot build and why.
 *
 *   npm run dist                       all that this computer can build
 *   npm run dist -- deb tar.gz         only these
 *   npm run dist -- --release          every target of this system; one that is not possible is an error
 *   npm run dist -- --arm64 --x64      for these architectures instead of this computer's (Windows, macOS)
 *   npm run dist -- --output=FOLDER    somewhere else
 *   npm run dist -- --fast             with next to no compression, for tests
 *
 * Options that begin with `-c.` go to electron-builder.
 */
import fs from 'node:fs';
import path from 'node:path';
import config, { sizeBudgets } from '../electron-builder.config.mjs';
import { ensureBuild } from './lib/build.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { manifest, root, run, runPackage } from './lib/project.mjs';
import { generate } from './packaging/generated.mjs';
import { generatedFolder } from './packaging/linux-files.mjs';
import { gatherNotices } from './packaging/notices.mjs';
import { billName } from './packaging/sbom.mjs';
import { isProgram, measureArtefacts, sizeTable } from './packaging/sizes.mjs';
import { onPath, sevenZip, sortTargets, toolsProblem } from './packaging/targets.mjs';

const words = process.argv.slice(2);
const given = (name) => words.includes(`--${name}`);
const output = path.resolve(
  root,
  words.find((word) => word.startsWith('--output='))?.slice('--output='.length) ?? 'dist',
);
const forBuilder = words.filter((word) => word.startsWith('-c.'));
const asked = words.filter((word) => !word.startsWith('-'));
const named = ['x64', 'arm64'].filter(given);
const architectures = named.length > 0 ? named : [process.arch];

/** What electron-builder gives to fpm, which is a script of ours. */
const fpmTargets = ['deb', 'rpm', 'pacman'];

/** The version of a package may be another one than the program's: `-c.extraMetadata.version=` is for tests. */
const version =
  forBuilder.find((word) => word.startsWith('-c.extraMetadata.version='))?.split('=')[1] ?? manifest.version;

/** An Electron that is already unpacked somewhere is used as it is, with the version that it says it has. */
function electron() {
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (!dist || architectures.some((one) => one !== process.arch)) {
    const { version: pinned } = JSON.parse(
      fs.readFileSync(path.join(root, 'node_modules', 'electron', 'package.json'), 'utf8'),
    );
    return { version: pinned, options: [] };
  }
  const found = fs.readFileSync(path.join(dist, 'version'), 'utf8').trim().replace(/^v/, '');
  return { version: found, options: [`-c.electronDist=${dist}`, `-c.electronVersion=${found}`] };
}

/** Which targets to build; says what is left out. */
async function choose() {
  const { possible, impossible } = await sortTargets({
    platform: process.platform,
    hasProgram: (program) => onPath(program) !== undefined,
    toolsProblem,
  });
  if (asked.length > 0) {
    const unknown = asked.filter((target) => !possible.includes(target));
    if (unknown.length === 0) return asked;
    const why =
      impossible.find(({ targets }) => targets.includes(unknown[0]))?.reason ?? 'there is no such target';
    throw new Error(`${unknown[0]} cannot be built here: ${why}.`);
  }
  const own = impossible.filter(({ reason }) => !reason.startsWith('built on'));
  if (given('release') && own.length > 0) {
    throw new Error(`${own[0].targets.join(', ')} cannot be built here: ${own[0].reason}.`);
  }
  if (!given('release')) {
    for (const { targets, reason } of impossible)
      console.log(`Not built here: ${targets.join(', ')} (${reason}).`);
  }
  return possible;
}

async function builder(forArchitectures, targets, options, env = {}) {
  const system = { linux: '--linux', win32: '--win', darwin: '--mac' }[process.platform];
  const packer = sevenZip.map(onPath).find(Boolean);
  const status = await runPackage(
    'electron-builder',
    [
      ...[
        '--config',
        'electron-builder.config.mjs',
        '--publish',
        'never',
        ...forArchitectures.map((one) => `--${one}`),
        system,
      ],
      ...targets,
      `-c.directories.output=${output}`,
      ...(given('fast') ? ['-c.compression=store'] : []),
      ...options,
      ...forBuilder,
    ],
    { env: { ...(packer && { ELECTRON_BUILDER_7ZIP_PATH: packer }), ...process.env, ...env } },
  );
  if (status !== 0) throw new Error('electron-builder failed; see its messages above.');
}

async function main() {
  const started = Date.now();
  if (process.platform === 'linux' && architectures.some((one) => one !== process.arch)) {
    throw new Error(`Native code is built for ${process.arch} here; packages for others are built there.`);
  }
  const targets = await choose();
  await ensurePackages();
  if ((await run(process.execPath, [path.join(root, 'scripts', 'resources.mjs')])) !== 0) {
    throw new Error('The resources could not be built.');
  }
  const starterLinux = path.join(root, 'resources', 'guests', 'starter-linux.iso');
  if (!fs.existsSync(starterLinux)) {
    if (given('release')) throw new Error('A release has Starter Linux in it, and there is none here.');
    console.log('Starter Linux is not in these packages: it could not be built here.');
  }
  await ensureBuild();
  const { version: electronVersion, options } = electron();
  await gatherNotices(electronVersion);
  if (process.platform === 'linux') generate({ maintainer: config.linux.maintainer, version });

  // Packages of distributions are made of the unpacked program, and leave something of theirs in it: after the others.
  const ofDistributions = targets.filter((target) => fpmTargets.includes(target));
  const others = targets.filter((target) => !fpmTargets.includes(target));
  await builder(architectures, others.length > 0 ? others : ['dir'], options);
  for (const architecture of ofDistributions.length > 0 ? architectures : []) {
    const unpacked = path.join(
      output,
      architecture === 'x64' ? 'linux-unpacked' : `linux-${architecture}-unpacked`,
    );
    await builder([architecture], [...ofDistributions, '--prepackaged', unpacked], options, {
      CUSTOM_FPM_PATH: path.join(root, 'scripts', 'packaging', 'fpm', 'fpm.mjs'),
      ...(given('fast') ? { VIVARIUM_PACKAGE_FAST: '1' } : {}),
    });
  }
  fs.copyFileSync(
    path.join(generatedFolder, 'licenses', 'vivarium.cdx.json'),
    path.join(output, billName(process.platform, architectures)),
  );

  const artefacts = measureArtefacts(output, sizeBudgets, started);
  console.log(`\nIn ${output}:`);
  for (const line of sizeTable(artefacts)) console.log(line);
  // What is not compressed is bigger than it ever will be; the program itself never is compressed.
  const held = artefacts.filter(({ name }) => !given('fast') || isProgram(name));
  if (held.some(({ size, budget }) => size > budget)) {
    throw new Error('A package is bigger than its budget in electron-builder.config.mjs.');
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
