import fs from 'node:fs';
import path from 'node:path';
import { linuxFiles } from './scripts/packaging/linux-files.mjs';
import { home } from './scripts/packaging/origin.mjs';

/**
 * How the packages are made, for every system. `npm run dist` chooses the targets that this computer can build.
 * Options: https://www.electron.build/configuration
 */

/** What Electron starts when it is given no program; an Electron that was unpacked before brings it along. */
const ofBareElectron = ['resources/default_app.asar', 'version'];

/**
 * The most that an artefact may weigh, in MiB; `npm run dist` fails above it. Electron is 100 MiB compressed and 240
 * unpacked on Linux, and the most by far; Starter Linux and the BIOS are 10, our program with the emulator 6. Three
 * quarters of what is left is room for the next Electron, which grows by some MiB a year; a second copy of anything
 * of ours, a debug build or node_modules that slipped in does not fit. dmg and zip of macOS hold frameworks twice the
 * size; AppImage compresses less than xz does.
 */
export const sizeBudgets = {
  deb: 105,
  rpm: 105,
  pacman: 105,
  AppImage: 140,
  'tar.gz': 140,
  zip: 150,
  exe: 115,
  dmg: 165,
  unpacked: 330,
};

/** Recommended, not required: the embedded engine runs without them, and whoever has no room leaves them out. */
const recommended = {
  deb: ['qemu-system-x86', 'qemu-utils', 'ovmf', 'swtpm'],
  rpm: ['qemu-system-x86', 'qemu-img', 'edk2-ovmf', 'swtpm'],
  pacman: ['qemu-desktop', 'edk2-ovmf', 'swtpm'],
};

/** What the three packages of Linux share: root's part of the installation, and the files outside /opt/Vivarium. */
const linuxPackage = {
  afterInstall: 'resources/linux/after-install.sh',
  afterRemove: 'resources/linux/after-remove.sh',
  appArmorProfile: 'resources/linux/apparmor.profile',
  // The system's package manager brings newer versions.
  publish: null,
};

const release = process.env.GITHUB_REPOSITORY?.split('/');

export default {
  appId: 'org.vivarium.Vivarium',
  productName: 'Vivarium',
  copyright: 'Copyright © 2026 The Vivarium authors',
  directories: { output: 'dist', buildResources: 'resources/icons' },
  // ${os} and ${arch} in every name: one release has them all side by side.
  artifactName: '${name}-${version}-${os}-${arch}.${ext}',
  // Everything of JavaScript is bundled in out/; only the emulator and native code come from node_modules. There must be
  // no other list in `linux`, `win` or `mac`: one that only leaves things out takes the whole project in.
  files: [
    'out/{main,preload,renderer}/**',
    'package.json',
    '!**/*.map',
    '!node_modules/v86/build/*debug*',
    '!node_modules/v86/build/*.js',
    // Native code is there for every system; only what runs on this one goes along, without its sources.
    '!node_modules/fs-native-extensions/{src,include,CMakeLists.txt,binding.c}',
    '!node_modules/fs-native-extensions/prebuilds/!(${platform}-${arch})/**',
    '!**/*.bare',
    '!node_modules/node-addon-api/**',
    '!node_modules/node-pty/{src,deps,third_party,scripts,typings,node-addon-api,binding.gyp}/**',
    '!node_modules/node-pty/binding.gyp',
    '!node_modules/node-pty/lib/**/*.test.js',
    '!node_modules/node-pty/build/{Makefile,*.mk,*.gypi,obj.target,Release/obj.target,Release/.deps}{,/**}',
    // It is built from its sources on Linux when packages are installed; elsewhere it brings a built one.
    '!node_modules/node-pty/prebuilds/!(${platform}-${arch})/**',
    ...(process.platform === 'linux' ? [] : ['!node_modules/node-pty/build/**']),
    '!**/*.pdb',
  ],
  // Native code cannot be loaded from inside an archive.
  asarUnpack: ['**/*.node', 'node_modules/node-pty/{build,prebuilds}/**'],
  // Chromium's own sentences, in the languages that the windows have.
  electronLanguages: ['en-US', 'en', 'zh-CN', 'zh_CN'],
  extraResources: [
    { from: 'resources', to: 'vivarium', filter: ['bios/**', 'guests/**', 'icons/**', 'gallery.json'] },
    // Licences, sources and the bill of materials, gathered by scripts/packaging/notices.mjs.
    { from: '.cache/package/licenses', to: 'vivarium/licenses' },
  ],
  // The native packages bring prebuilt files for every platform.
  npmRebuild: false,
  async afterPack({ appOutDir, electronPlatformName }) {
    if (electronPlatformName === 'darwin') return;
    for (const name of ofBareElectron) fs.rmSync(path.join(appOutDir, name), { force: true });
  },
  // https://www.electronjs.org/docs/latest/tutorial/fuses
  electronFuses: {
    // The command line is carried out by the program itself (src/main/app/command-line.ts), not by Node inside it.
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
    // A Mac with Apple's processors starts nothing whose signature is broken, and without a certificate nobody signs
    // it again after this.
    resetAdHocDarwinSignature: true,
  },
  // What the desktop opens with us.
  protocols: [{ name: 'Vivarium machine', schemes: ['vivarium'] }],
  fileAssociations: [
    {
      ext: 'vivarium',
      name: 'Vivarium machine',
      description: 'Vivarium machine',
      mimeType: 'application/vnd.vivarium.machine',
      role: 'Editor',
      // A machine's folder, which a Mac shows as one thing then.
      isPackage: true,
    },
    {
      ext: 'ova',
      name: 'Open Virtualization Appliance',
      description: 'Open Virtualization Appliance',
      mimeType: 'application/x-virtualbox-ova',
      role: 'Viewer',
    },
  ],
  // Where an installed program looks for a newer one. Only a release knows: a build of one's own never updates itself.
  publish: release
    ? [{ provider: 'github', owner: release[0], repo: release[1], releaseType: 'draft' }]
    : null,
  extraMetadata: { homepage: home },

  linux: {
    category: 'System;Emulator',
    icon: 'resources/icons',
    executableName: 'vivarium',
    // The window's app id, the desktop file and AppStream's component have one name (`desktopName` in package.json).
    syncDesktopName: true,
    maintainer: 'The Vivarium authors <maintainers@vivarium.invalid>',
    vendor: 'The Vivarium authors',
    synopsis: 'Create, run, watch and save virtual machines',
    description:
      'Vivarium creates, configures, runs, watches, snapshots, clones and networks whole computers inside yours. It comes with an engine of its own for small 32-bit systems and uses the QEMU of this computer for everything else.',
    desktop: {
      entry: {
        GenericName: 'Virtual machines',
        'GenericName[zh_CN]': '虚拟机',
        Keywords: 'vm;virtual machine;emulator;qemu;kvm;v86;',
        StartupNotify: 'true',
      },
    },
    extraFiles: [{ from: 'resources/bin/vivarium.sh', to: 'bin/vivarium' }],
    target: ['deb', 'rpm', 'AppImage', 'pacman', 'tar.gz', 'zip'],
  },
  // These three are made by scripts/packaging/fpm with each distribution's own tools; they depend on what Electron's
  // program links to, and on nothing else.
  deb: {
    ...linuxPackage,
    packageCategory: 'otherosfs',
    depends: [
      'libasound2 | libasound2t64',
      'libatk-bridge2.0-0 | libatk-bridge2.0-0t64',
      'libc6 (>= 2.28)',
      'libcups2 | libcups2t64',
      'libdrm2',
      'libgbm1',
      'libgtk-3-0 | libgtk-3-0t64',
      'libnotify4',
      'libnss3',
      'libsecret-1-0',
      'libxtst6',
      'xdg-utils',
    ],
    recommends: recommended.deb,
    fpm: linuxFiles('deb'),
  },
  rpm: {
    ...linuxPackage,
    packageCategory: 'Applications/Emulators',
    depends: ['gtk3', 'libnotify', 'nss', 'xdg-utils', 'at-spi2-core', 'mesa-libgbm', 'alsa-lib'],
    fpm: [...recommended.rpm.flatMap((name) => ['--rpm-tag', `Recommends: ${name}`]), ...linuxFiles('rpm')],
  },
  pacman: {
    ...linuxPackage,
    depends: ['gtk3', 'libnotify', 'nss', 'xdg-utils', 'alsa-lib', 'mesa'],
    fpm: [
      ...recommended.pacman.flatMap((name) => ['--pacman-optional-depends', name]),
      ...linuxFiles('pacman'),
    ],
  },
  appImage: {
    license: 'LICENSE',
    // electron-builder would have its desktop entry switch the sandbox off.
    executableArgs: [],
  },
  // The runtime that is linked statically: the usual one wants libfuse2, which newer distributions do not have. Where
  // there are no user namespaces for it, electron-builder's starter switches the sandbox off (docs/untested.md).
  toolsets: { appimage: '1.0.3' },

  win: {
    icon: 'resources/icons/512x512.png',
    extraFiles: [{ from: 'resources/bin/vivarium.cmd', to: 'bin/vivarium.cmd' }],
    target: ['nsis', 'zip'],
  },
  nsis: {
    // The person chooses: for oneself, without an administrator, or for everybody.
    oneClick: false,
    perMachine: false,
    allowElevation: true,
    allowToChangeInstallationDirectory: true,
    license: 'LICENSE',
    // Machines are the person's, not the program's.
    deleteAppDataOnUninstall: false,
    // One installer for each architecture: nobody downloads the other one's program.
    buildUniversalInstaller: false,
  },

  mac: {
    icon: 'resources/icons/512x512.png',
    category: 'public.app-category.utilities',
    hardenedRuntime: true,
    entitlements: 'resources/mac/entitlements.plist',
    entitlementsInherit: 'resources/mac/entitlements.plist',
    // With APPLE_ID, APPLE_APP_SPECIFIC_PASSWORD and APPLE_TEAM_ID (or an API key) in the environment.
    notarize: [process.env.APPLE_TEAM_ID, process.env.APPLE_API_KEY].some(Boolean),
    extraResources: [{ from: 'resources/bin/vivarium.sh', to: 'bin/vivarium' }],
    target: ['dmg', 'zip'],
  },
  dmg: { sign: false },
};
