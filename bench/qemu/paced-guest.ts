import { Assembler } from '../../test/helpers/assembler';

const sectorSize = 512;
/** VBE mode 1280 × 800 with 32 bits a pixel (Bochs VBE), and the flag that asks for a linear frame buffer. */
const mode = 0x017a;
const linear = 0x4000;
const pixels = 1280 * 800;
/** Where the BIOS puts its description of the mode, and in it the frame buffer's address (VBE 3.0, 4.4). */
const modeInfo = 0x8000;
const frameBuffer = modeInfo + 0x28;
/** What is added to a pixel's colour for the next one. */
const step = 0x0001_0307;
/** The interrupt that the BIOS has given the timer. */
const timer = 8;

const low = (value: number): number => value & 0xff;
const high = (value: number): number => (value >> 8) & 0xff;
const long = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff);

/**
 * A disk whose boot sector draws every pixel of a 1280 × 800 screen anew at each tick of the timer, 18.2 times a
 * second, and sleeps in between: as much to show, however fast the computer is.
 */
export function pacedGuestDisk(): Uint8Array {
  const asm = new Assembler(0x7c00);
  asm.emit(0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c); // cli; flat segments; stack
  // int 10h, 4F01h: describe the mode; 4F02h: set it
  asm.emit(0xb8, 0x01, 0x4f, 0xb9, low(mode), high(mode), 0xbf, low(modeInfo), high(modeInfo), 0xcd, 0x10);
  asm.emit(0xb8, 0x02, 0x4f, 0xbb, low(mode), high(mode | linear), 0xcd, 0x10);
  asm.emit(0x66, 0x8b, 0x36, low(frameBuffer), high(frameBuffer)); // mov esi, [frameBuffer]
  asm.emit(0xfa, 0xb0, 0xfe, 0xe6, 0x21, 0xb0, 0xff, 0xe6, 0xa1); // cli; no interrupt but the timer's
  asm.emit(0x0f, 0x01, 0x1e, '@idtr', 0x0f, 0x01, 0x16, '@gdtr'); // lidt; lgdt
  asm.emit(0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, 0xea, '@protected', 0x08, 0x00); // protected mode
  asm.label('protected').emit(0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0); // ds, es, ss = 10h
  asm.emit(0xbc, ...long(0x7c00), 0xfb); // mov esp, 7C00h; sti
  asm.label('fill').emit(0x89, 0xf7, 0xb9, ...long(pixels)); // edi = esi; ecx = pixels
  asm.label('pixel').emit(0x89, 0x07, 0x83, 0xc7, 0x04, 0x05, ...long(step), 0x49); // [edi] = eax; eax += step
  asm.short(0x75, 'pixel').emit(0xf4).short(0xeb, 'fill'); // jnz; hlt; jmp
  asm.label('tick').emit(0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf); // end of interrupt; iret
  asm.label('gdt').emit(...new Array<number>(8).fill(0));
  asm.emit(0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0).emit(0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0);
  asm.label('gdtr').emit(23, 0, '@gdt', 0, 0);
  asm
    .label('idt')
    .emit(...new Array<number>(8 * timer).fill(0))
    .emit('@tick', 0x08, 0, 0, 0x8e, 0, 0);
  asm.label('idtr').emit(8 * (timer + 1) - 1, 0, '@idt', 0, 0);
  const image = new Uint8Array(1024 * 1024);
  image.set(
    asm
      .padTo(sectorSize - 2)
      .emit(0x55, 0xaa)
      .assemble(),
  );
  return image;
}
