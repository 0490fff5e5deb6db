/**
 * `npm start`: makes everything ready that is not, and opens the app.
 *
 *   npm start                     Electron where it can run, else browser mode
 *   npm start -- --browser        browser mode: the app in a tab of your browser
 *   npm start -- --no-sandbox     Electron as root (its sandbox needs an ordinary user)
 *
 * Every other option goes to the app.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { findElectron } from './lib/electron.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { nodeProblem, root, run } from './lib/project.mjs';

const options = process.argv.slice(2);

/** Why Electron is not even tried, or undefined. */
function browserReason() {
  if (options.includes('--browser')) return 'asked for by --browser';
  if (process.platform !== 'linux') return undefined;
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return 'there is no display';
  if (process.getuid() === 0 && !options.includes('--no-sandbox')) {
    return "Electron's sandbox needs an ordinary user, and this is root; --no-sandbox starts it without";
  }
  return undefined;
}

async function prepare() {
  const problem = nodeProblem();
  if (problem) throw new Error(problem);
  await ensurePackages();
  const status = await run(process.execPath, [path.join(root, 'scripts', 'resources.mjs')]);
  if (status !== 0) throw new Error('The BIOS files could not be prepared; see the messages above.');
  await ensureBuild();
}

async function choose() {
  let reason = browserReason();
  if (!reason) {
    const electron = await findElectron();
    if (electron.program) return { program: electron.program, args: [root, ...options] };
    reason = electron.reason;
  }
  console.log(`Opening browser mode: ${reason}.`);
  const rest = options.filter((option) => option !== '--browser' && option !== '--no-sandbox');
  return {
    program: process.execPath,
    args: [path.join(root, 'out', 'main', 'server.js'), '--open', ...rest],
  };
}

try {
  await prepare();
  const { program, args } = await choose();
  const child = spawn(program, args, { stdio: 'inherit' });
  // Ctrl+C reaches the child as well; wait for it to put its machines away.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`The app could not be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
