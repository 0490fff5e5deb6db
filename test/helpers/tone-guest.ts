import { Assembler } from './assembler';

/** Frequencies that the guest plays, in hertz: by the speaker of the PC, then by its Sound Blaster. */
export const toneHertz = { speaker: 1000, card: 500 };

const sampleRate = 8000;
const buffer = { segment: 0x1000, length: 0x1000 };
const com1 = 0x3f8;
const dsp = { reset: 0x226, read: 0x22a, write: 0x22c, status: 0x22e };

/**
 * A disk whose boot sector plays a second of a square wave by the speaker, a second of another by a Sound Blaster 16
 * (programmed like a DOS game's: DSP version 4, 8-bit samples by channel 1 of the DMA controller, over and over), and
 * then says `T` on COM1; `t` in place of it when there is no sound card.
 */
export function toneGuestDisk(): Uint8Array {
  const code = new Assembler(0x7c00);
  const outImmediate = (port: number, value: number) => code.emit(0xb0, value, 0xe6, port); // mov al, out
  const dx = (port: number) => code.emit(0xba, port, port >> 8); // mov dx
  const toDsp = (...values: number[]) => values.forEach((value) => code.emit(0xb3, value).call('dsp')); // mov bl

  code.emit(0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb); // segments 0, a stack, interrupts on

  const divisor = Math.round(1193182 / toneHertz.speaker);
  outImmediate(0x43, 0xb6); // channel 2 of the timer: square wave
  outImmediate(0x42, divisor & 0xff);
  outImmediate(0x42, divisor >> 8);
  code.emit(0xe4, 0x61, 0x0c, 0x03, 0xe6, 0x61).call('second').emit(0xe4, 0x61, 0x24, 0xfc, 0xe6, 0x61);

  const halfPeriod = sampleRate / toneHertz.card / 2;
  code.emit(0xb8, 0x00, buffer.segment >> 8, 0x8e, 0xc0, 0x31, 0xff); // es:di: the samples
  code.label('fill').emit(0x89, 0xf8, 0xa8, halfPeriod, 0xb0, 0x40, 0x74, 0x02, 0xb0, 0xc0, 0xaa);
  code.emit(0x81, 0xff, 0x00, buffer.length >> 8).short(0x75, 'fill');

  dx(dsp.reset).emit(0xb0, 0x01, 0xee, 0xe4, 0x80, 0xe4, 0x80, 0xe4, 0x80, 0xe4, 0x80, 0xb0, 0x00, 0xee);
  dx(dsp.status).emit(0xec, 0xa8, 0x80, 0x74, 0xfb); // there is something to read
  dx(dsp.read).emit(0xec, 0x3c, 0xaa).short(0x75, 'none');

  outImmediate(0x0a, 0x05); // DMA channel 1: off
  outImmediate(0x0c, 0x00); // low byte first
  outImmediate(0x0b, 0x59); // from memory, over and over
  outImmediate(0x02, 0x00);
  outImmediate(0x02, 0x00);
  outImmediate(0x83, buffer.segment >> 12);
  outImmediate(0x03, (buffer.length - 1) & 0xff);
  outImmediate(0x03, (buffer.length - 1) >> 8);
  outImmediate(0x0a, 0x01); // on
  toDsp(0xd1, 0x41, sampleRate >> 8, sampleRate & 0xff); // speaker on, rate
  toDsp(0xc6, 0x00, (buffer.length - 1) & 0xff, (buffer.length - 1) >> 8); // play: mono, unsigned
  code.call('second');
  toDsp(0xd0);
  dx(com1).emit(0xb0, 0x54, 0xee).label('halt').emit(0xf4).short(0xeb, 'halt');
  code.label('none');
  dx(com1).emit(0xb0, 0x74, 0xee).short(0xeb, 'halt');

  // Writes bl to the DSP when it takes something.
  code.label('dsp');
  dx(dsp.write).label('busy').emit(0xec, 0xa8, 0x80).short(0x75, 'busy').emit(0x88, 0xd8, 0xee, 0xc3);

  // Waits for 18 ticks of the BIOS's clock.
  code.label('second').emit(0xb4, 0x00, 0xcd, 0x1a, 0x89, 0xd6); // ticks: si
  code
    .label('tick')
    .emit(0xb4, 0x00, 0xcd, 0x1a, 0x29, 0xf2, 0x83, 0xfa, 0x12)
    .short(0x72, 'tick')
    .emit(0xc3);

  const disk = new Uint8Array(1024 * 1024);
  disk.set(code.padTo(510).emit(0x55, 0xaa).assemble());
  return disk;
}
