import { execFile } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { QemuAudio } from '@shared/engine/qemu/launch';

const answerMs = 30_000;

/** The drivers for sound that an emulator can load, as it lists them; none where it does not know the question. */
export async function queryAudioDrivers(binary: string): Promise<string[]> {
  const options = { timeout: answerMs, windowsHide: true, env: { ...process.env, LC_ALL: 'C' } };
  try {
    const { stdout } = await promisify(execFile)(binary, ['-audiodev', 'help'], options);
    return stdout.split('\n').filter((line) => /^[a-z]+$/.test(line));
  } catch {
    return []; // older than the option: its machines are silent
  }
}

/** What a computer has that plays sound. */
export interface SoundHost {
  platform: NodeJS.Platform;
  env: NodeJS.ProcessEnv;
  exists(path: string): Promise<boolean>;
  /** Names in a folder; none where there is no such folder. */
  list(path: string): Promise<string[]>;
}

/**
 * The driver for a machine's sound: the first that the emulator offers and that this computer has something for.
 * Undefined where there is none; a driver that finds nothing to talk to would keep the machine from starting.
 */
export async function chooseAudio(
  offered: readonly string[],
  host: SoundHost,
): Promise<QemuAudio | undefined> {
  for (const { driver, isThere } of candidates) {
    if (offered.includes(driver) && (await isThere(host))) return { driver };
  }
  return undefined;
}

/** Best first: what shares the loudspeakers with other programs, then what takes them for itself. */
const candidates: readonly {
  driver: QemuAudio['driver'];
  isThere(host: SoundHost): boolean | Promise<boolean>;
}[] = [
  { driver: 'coreaudio', isThere: ({ platform }) => platform === 'darwin' },
  { driver: 'dsound', isThere: ({ platform }) => platform === 'win32' },
  { driver: 'pipewire', isThere: (host) => hasSocket(host, 'pipewire-0') },
  {
    driver: 'pa',
    isThere: async (host) => Boolean(host.env['PULSE_SERVER']) || hasSocket(host, 'pulse/native'),
  },
  // Names such as `pcmC0D0p`: playback on device 0 of card 0.
  {
    driver: 'alsa',
    isThere: async ({ list }) => (await list('/dev/snd')).some((name) => /^pcmC\d+D\d+p$/.test(name)),
  },
];

async function hasSocket({ env, exists }: SoundHost, name: string): Promise<boolean> {
  const folder = env['XDG_RUNTIME_DIR'];
  return folder !== undefined && folder !== '' && exists(join(folder, name));
}

/** This computer. */
export function soundHost(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): SoundHost {
  return {
    platform,
    env,
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    list: (path) => readdir(path).catch(() => []),
  };
}
