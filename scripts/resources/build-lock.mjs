/** One build at a time on one cache folder, also between processes. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const giveUpAfter = 900_000;
/** Whoever holds the lock touches it this often … */
const heartbeat = 5_000;
/** … so that one which was not touched for so long was left behind, whoever has its process id now. */
const leftBehindAfter = 60_000;

function isRunning(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Moves a lock that was left behind out of the way; only one of several waiting processes succeeds. */
function breakStale(file) {
  const aside = `${file}.${process.pid}`;
  try {
    const owner = fs.readFileSync(file, 'utf8');
    const age = Date.now() - fs.statSync(file).mtimeMs;
    // A file without a number in it is being written this moment.
    if (age < leftBehindAfter && (owner === '' || isRunning(Number(owner)))) return;
    fs.renameSync(file, aside);
    fs.rmSync(aside);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/**
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withBuildLock(file, work) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const deadline = Date.now() + giveUpAfter;
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (Date.now() > deadline)
      throw new Error(`${file} is held by another build. Remove it if there is none.`);
    breakStale(file);
    await delay(200);
  }
  const touching = setInterval(() => fs.utimes(file, new Date(), new Date(), () => {}), heartbeat);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    fs.rmSync(file, { force: true });
  }
}
