import { expect, it } from 'vitest';
import { chooseAudio, queryAudioDrivers, type SoundHost } from './audio';

const everything = ['none', 'alsa', 'coreaudio', 'dsound', 'oss', 'pa', 'pipewire', 'wav'];

function host(paths: string[], env: NodeJS.ProcessEnv = { XDG_RUNTIME_DIR: '/run/user/1000' }): SoundHost {
  return {
    platform: 'linux',
    env,
    exists: (path) => Promise.resolve(paths.includes(path)),
    list: (folder) =>
      Promise.resolve(
        paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
      ),
  };
}

it('takes the best that the emulator offers and that plays here', async () => {
  const [pipewire, pulse, card] = [
    '/run/user/1000/pipewire-0',
    '/run/user/1000/pulse/native',
    '/dev/snd/pcmC0D0p',
  ];
  const choose = async (offered: string[], of: SoundHost) => (await chooseAudio(offered, of))?.driver;
  expect(await choose(everything, host([pipewire, pulse, card]))).toBe('pipewire');
  // Debian 12's QEMU is older than its PipeWire, which speaks PulseAudio's protocol too.
  expect(await choose(['none', 'alsa', 'pa'], host([pipewire, pulse, card]))).toBe('pa');
  expect(await choose(['none', 'alsa'], host([pipewire, pulse, card]))).toBe('alsa');
  expect(await choose(everything, host([], { PULSE_SERVER: 'tcp:desk' }))).toBe('pa');
  expect(await choose(everything, { ...host([]), platform: 'darwin' })).toBe('coreaudio');
  expect(await choose(everything, { ...host([]), platform: 'win32' })).toBe('dsound');
});

it('finds nothing where nothing plays: microphones, a runtime folder that is not there, or no driver', async () => {
  expect(await chooseAudio(everything, host(['/dev/snd/controlC0', '/dev/snd/pcmC0D0c']))).toBeUndefined();
  expect(await chooseAudio(everything, host(['/pipewire-0'], {}))).toBeUndefined();
  expect(await chooseAudio(['none', 'wav'], host(['/dev/snd/pcmC0D0p']))).toBeUndefined();
  expect(await queryAudioDrivers('/nowhere/qemu')).toEqual([]);
});
