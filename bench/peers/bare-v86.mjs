/**
 * The peer of `boot.ts`: the emulator as its package comes, in plain Node, with the image in memory, no screen and
 * no console. Prints one JSON line: milliseconds of the emulating thread from
 * the emulator's start to the shell, and for the loop.
 *
 *     node bare-v86.mjs <image> <firmware folder> <loop command> <word that ends it>
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { V86 } from 'v86';

const [image, bios, loop, end] = process.argv.slice(2);
const contents = async (path) => {
  const data = await readFile(path);
  return { buffer: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) };
};
const cdrom = await contents(image);
const system = await contents(join(bios, 'seabios.bin'));
const video = await contents(join(bios, 'vgabios.bin'));

let text = '';
const waiting = [];
function waitFor(words) {
  return new Promise((resolve) => {
    waiting.push({ words, from: text.length, resolve });
  });
}

/** Milliseconds that this thread has computed; see `threadCpuMs` of `process-cpu.ts`. */
function computed() {
  const text = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const started = computed();
const emulator = new V86({
  wasm_path: createRequire(import.meta.url).resolve('v86/build/v86.wasm'),
  bios: system,
  vga_bios: video,
  cdrom,
  memory_size: 128 * 1024 * 1024,
  vga_memory_size: 16 * 1024 * 1024,
  boot_order: 0x123,
  acpi: false,
  net_device: { type: 'none' },
  disable_speaker: true,
  autostart: true,
});
emulator.add_listener('serial0-output-byte', (byte) => {
  text += String.fromCharCode(byte);
  const first = waiting[0];
  if (first && text.indexOf(first.words, first.from) >= 0) {
    waiting.shift();
    first.resolve();
  }
});

await waitFor('Starter Linux ready');
const shellMs = computed() - started;
async function ask(words, answer) {
  const answered = waitFor(answer);
  emulator.serial0_send(words);
  await answered;
}
await ask('\n', '# ');
await ask(loop, end);
await ask('\n', '# ');
const loopStarted = computed();
await ask(loop, end);
console.log(JSON.stringify({ shellMs, loopMs: computed() - loopStarted }));
process.exit(0);
