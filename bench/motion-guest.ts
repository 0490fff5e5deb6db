import { Assembler } from '../test/helpers/assembler';

const sectorSize = 512;
/** VBE mode 1024 × 768 with 32 bits a pixel (Bochs VBE), and the flag that asks for a linear frame buffer. */
const mode = 0x0144;
const linear = 0x4000;
const pixels = 1024 * 768;
/** Where the BIOS puts its description of the mode, and in it the frame buffer's address (VBE 3.0, 4.4). */
const modeInfo = 0x8000;
const frameBuffer = modeInfo + 0x28;

const low = (value: number): number => value & 0xff;
const high = (value: number): number => (value >> 8) & 0xff;

/**
 * A disk whose boot sector fills the whole screen with one colour after another, as fast as it can.
 *
 * It stores pixel by pixel. To v86 a whole `rep stosd` into the frame buffer is one instruction, and it looks at the
 * clock only every hundred thousand instructions: a guest that did nothing else would keep it busy for minutes.
 */
export function motionGuestDisk(): Uint8Array {
  const asm = new Assembler(0x7c00);
  asm.emit(0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c); // cli; flat segments; stack
  // int 10h, 4F01h: describe the mode; 4F02h: set it
  asm.emit(0xb8, 0x01, 0x4f, 0xb9, low(mode), high(mode), 0xbf, low(modeInfo), high(modeInfo), 0xcd, 0x10);
  asm.emit(0xb8, 0x02, 0x4f, 0xbb, low(mode), high(mode | linear), 0xcd, 0x10);
  asm.emit(0x66, 0x8b, 0x36, low(frameBuffer), high(frameBuffer)); // mov esi, [frameBuffer]
  // lgdt; protected mode on; jump to 32-bit code
  asm.emit(0xfa, 0x0f, 0x01, 0x16, '@gdtr', 0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0);
  asm.emit(0xea, '@protected', 0x08, 0x00);
  asm.label('protected').emit(0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8, 0x8e, 0xc0); // mov ax, 10h; ds, es = ax
  asm.label('fill').emit(0x89, 0xf7, 0xb9, low(pixels), high(pixels), low(pixels >> 16), 0); // edi = esi; ecx = pixels
  asm.label('pixel').emit(0x89, 0x07, 0x83, 0xc7, 0x04, 0x49); // mov [edi], eax; add edi, 4; dec ecx
  asm.short(0x75, 'pixel').emit(0x05, 0x07, 0x05, 0x03, 0x00); // jnz pixel; add eax, 030507h
  asm.short(0xeb, 'fill');
  asm.label('gdt').emit(...new Array<number>(8).fill(0));
  asm.emit(0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0).emit(0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0);
  asm.label('gdtr').emit(23, 0, '@gdt', 0, 0);
  const image = new Uint8Array(1024 * 1024);
  image.set(
    asm
      .padTo(sectorSize - 2)
      .emit(0x55, 0xaa)
      .assemble(),
  );
  return image;
}
