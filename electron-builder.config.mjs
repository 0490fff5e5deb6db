import fs from 'node:fs';
import path from 'node:path';

/** What Electron starts when it is given no program; an Electron that was unpacked before brings it along. */
const ofBareElectron = ['resources/default_app.asar', 'version'];

/**
 * How the packages are made. `npm run dist` adds the targets that this computer can build.
 * Fuses: https://www.electronjs.org/docs/latest/tutorial/fuses
 */
export default {
  appId: 'org.vivarium.Vivarium',
  productName: 'Vivarium',
  directories: { output: 'dist', buildResources: 'resources/icons' },
  // Everything of JavaScript is bundled in out/; only the emulator and native code come from node_modules.
  files: [
    'out/**',
    'package.json',
    '!out/test-*/**',
    '!out/.build-stamp',
    '!**/*.map',
    '!node_modules/v86/build/*debug*',
    '!node_modules/v86/build/*.js',
    // Native code is there for every desktop system; its sources, and builds for other runtimes, are not needed.
    '!node_modules/fs-native-extensions/{src,include,CMakeLists.txt,binding.c}',
    '!node_modules/fs-native-extensions/prebuilds/{android,ios}-*/**',
    '!**/*.bare',
    '!node_modules/node-addon-api/**',
    '!node_modules/node-pty/{src,deps,third_party,scripts,typings,node-addon-api,binding.gyp}/**',
    '!node_modules/node-pty/binding.gyp',
    '!node_modules/node-pty/lib/**/*.test.js',
    '!node_modules/node-pty/build/{Makefile,*.mk,*.gypi,obj.target,Release/obj.target,Release/.deps}{,/**}',
    '!**/*.pdb',
  ],
  // Native code cannot be loaded from inside an archive.
  asarUnpack: ['**/*.node', 'node_modules/node-pty/{build,prebuilds}/**'],
  extraResources: [
    {
      from: 'resources',
      to: 'vivarium',
      filter: ['bios/**', 'guests/**', 'licenses/**', 'icons/**', 'gallery.json'],
    },
    // The notices of the libraries that were bundled, beside the texts of everything else.
    { from: 'out/main/third-party-licenses.txt', to: 'vivarium/licenses/third-party-main.txt' },
    { from: 'out/renderer/third-party-licenses.txt', to: 'vivarium/licenses/third-party-windows.txt' },
  ],
  // The native packages bring prebuilt files for every platform.
  npmRebuild: false,
  afterPack({ appOutDir, electronPlatformName }) {
    if (electronPlatformName === 'darwin') return;
    for (const name of ofBareElectron) fs.rmSync(path.join(appOutDir, name), { force: true });
  },
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
  },
  linux: {
    // There it is built from its sources when the packages are installed.
    files: ['!node_modules/node-pty/prebuilds/**'],
    category: 'System',
    icon: 'resources/icons',
    executableName: 'vivarium',
    synopsis: 'Create, run, watch and save virtual machines',
    target: ['dir'],
  },
  win: {
    files: ['!node_modules/node-pty/{build,prebuilds/darwin-*}/**'],
    icon: 'resources/icons/512x512.png',
    target: ['dir'],
  },
  mac: {
    files: ['!node_modules/node-pty/{build,prebuilds/win32-*}/**'],
    icon: 'resources/icons/512x512.png',
    category: 'public.app-category.utilities',
    target: ['dir'],
  },
};
