/** Facts about the checkout and small tools that every script uses. No packages: they may not be installed yet. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

export const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

/** The oldest Node that runs the project, as [major, minor]. */
const oldestNode = [20, 19];

/** A sentence that says what to do when this Node is too old, or undefined. */
export function nodeProblem(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return undefined;
  return (
    `Vivarium needs Node ${oldestNode.join('.')} or newer; this is ${version}. ` +
    'Install a current version from https://nodejs.org or with your version manager, then try again.'
  );
}

/**
 * Runs a program to its end. `output`: `inherit` shows it here, `stderr` shows it all as diagnostics (for commands
 * whose standard output is a result), `ignore` hides it.
 * @returns its exit status; 1 when a signal or the time limit ended it
 */
export function run(program, args, { env = process.env, timeoutMs, output = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const stdio =
      output === 'ignore' ? 'ignore' : ['inherit', output === 'stderr' ? 2 : 'inherit', 'inherit'];
    const child = spawn(program, args, { cwd: root, env, stdio, timeout: timeoutMs });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs npm the way that it was started itself, so that no shell is needed on any platform. */
export function runNpm(args, options) {
  const npm = process.env.npm_execpath;
  return npm
    ? run(process.execPath, [npm, ...args], options)
    : run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, options);
}

/** Runs a package's own command-line program, found in its manifest. */
export function runPackage(name, args, options) {
  const folder = path.join(root, 'node_modules', name);
  const { bin } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = typeof bin === 'string' ? bin : (bin[path.basename(name)] ?? bin.tsc ?? Object.values(bin)[0]);
  return run(process.execPath, [path.join(folder, file), ...args], options);
}

/** A hash over names, sizes and times of the files below some paths: cheap, and different after any edit. */
export function fingerprint(paths) {
  const hash = createHash('sha256');
  const visit = (file) => {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (!stat) return;
    if (stat.isDirectory()) {
      for (const name of fs.readdirSync(file).sort())
        if (name !== 'node_modules') visit(path.join(file, name));
    } else hash.update(`${path.relative(root, file)} ${stat.size} ${stat.mtimeMs}\n`);
  };
  for (const name of paths) visit(path.join(root, name));
  return hash.digest('hex');
}

/** Whether the stamp file holds this text. */
export function stampMatches(file, text) {
  try {
    return fs.readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
}

/** Writes a stamp so that an interrupted script leaves the old one or none. */
export function writeStamp(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, text);
  fs.renameSync(`${file}.new`, file);
}
