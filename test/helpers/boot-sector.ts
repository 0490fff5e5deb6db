import { Assembler } from './assembler';

/**
 * A guest of a few hundred bytes, in real mode: it boots in a fraction of a second and does, by single letters on
 * COM1 (9600 baud or anything else, 8N1), what a test wants to see done. Every answer ends with a line feed.
 *
 *     m a b   two digits: their product, as `=NN`
 *     c       a counter that runs while the guest does: `C` and 8 hexadecimal digits
 *     w       adds one to a number on the disk: `W` and the number, 4 hexadecimal digits, or `W!`
 *     r       that number: `R` and 4 digits, or `R!`
 *     f       the first 8 bytes of the floppy: `F` and the bytes, or `F!`
 *     n …     reads bytes up to 0x04: `N`, their count and their sum, 8 hexadecimal digits each
 *     g, t    graphics mode with coloured stripes (`G`), text mode with a greeting (`T`)
 *     k       listens to the power button (`K`), and powers off when it is pressed
 *     p       powers off by ACPI;   h   stops with interrupts off
 *     x       uses large pages in a way that v86 has no answer to
 *
 * A key that is pressed comes as `P` and the character. The greeting is `Tiny guest ready`.
 */
export const tinyGuestReady = 'Tiny guest ready';
export const tinyTextGreeting = 'Hello from text mode';

const sectorSize = 512;
/** Sectors of code after the first. */
const codeSectors = 4;
/** Where the number lies on the disk: cylinder 0, head 0, this sector (counted from 1). */
const numberSector = 21;
export const numberOffset = (numberSector - 1) * sectorSize;
const buffer = 0x9000;
const com1 = 0x3f8;
const lineStatus = com1 + 5;

/** Where ACPI's power registers are, which a bigger guest would read in the tables: v86's place, and QEMU's. */
export const powerRegisters = { v86: 0xb000, qemu: 0x600 } as const;

/** A raw disk image with the guest on it. @param size in bytes */
export function tinyGuestDisk(size = 1024 * 1024, power: number = powerRegisters.v86): Uint8Array {
  const image = new Uint8Array(size);
  image.set(tinyGuestCode(power));
  return image;
}

function word(value: number): [number, number] {
  return [value & 0xff, value >> 8];
}

function tinyGuestCode(power: number): Uint8Array {
  const asm = new Assembler(0x7c00);
  loader(asm);
  main(asm, power);
  commands(asm, power);
  trap(asm);
  diskCommands(asm);
  routines(asm);
  return asm.padTo((1 + codeSectors) * sectorSize).assemble();
}

/** mov dx, port; mov al, value; out dx, al */
function out8(asm: Assembler, port: number, value: number): void {
  asm.emit(0xba, ...word(port), 0xb0, value, 0xee);
}

/** mov dx, port; mov ax, value; out dx, ax */
function out16(asm: Assembler, port: number, value: number): void {
  asm.emit(0xba, ...word(port), 0xb8, ...word(value), 0xef);
}

/** mov al, character; call put */
function put(asm: Assembler, character: string): void {
  asm.emit(0xb0, character.charCodeAt(0)).call('put');
}

/** The first sector: sets up a stack and loads the others behind it. */
function loader(asm: Assembler): void {
  asm
    .emit(0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0) // cli; xor ax,ax; mov ds,ax; mov es,ax; mov ss,ax
    .emit(0xbc, 0x00, 0x7c, 0xfb) // mov sp,0x7c00; sti
    .emit(0x88, 0x16, '@drive') // mov [drive],dl
    .emit(0xb8, codeSectors, 0x02, 0xb9, 0x02, 0x00, 0xb6, 0x00) // mov ax,0x02nn; mov cx,2; mov dh,0
    .emit(0xbb, 0x00, 0x7e, 0xcd, 0x13) // mov bx,0x7e00; int 0x13
    .jump('main')
    .label('drive')
    .emit(0)
    .label('listening')
    .emit(0)
    .label('counter')
    .emit(0, 0, 0, 0)
    .padTo(510)
    .emit(0x55, 0xaa);
}

/** Greets, then looks at power button, keyboard and serial port for ever. */
function main(asm: Assembler, power: number): void {
  asm.label('main');
  out8(asm, com1 + 1, 0); // no interrupts
  out8(asm, com1 + 3, 0x80);
  out8(asm, com1, 12);
  out8(asm, com1 + 1, 0);
  out8(asm, com1 + 3, 0x03);
  out8(asm, com1 + 2, 0x07);
  out8(asm, com1 + 4, 0x03);
  asm
    .emit(0xbe, '@greeting') // mov si,greeting
    .call('print')
    .label('loop')
    .emit(0x66, 0xff, 0x06, '@counter') // inc dword [counter]
    .emit(0x80, 0x3e, '@listening', 0x00) // cmp byte [listening],0
    .short(0x74, 'keys') // je
    .emit(0xba, ...word(power), 0xed, 0xf6, 0xc4, 0x01) // mov dx,power; in ax,dx; test ah,1
    .short(0x74, 'keys')
    .jump('off')
    .label('keys')
    .emit(0xb4, 0x01, 0xcd, 0x16) // mov ah,1; int 0x16
    .short(0x74, 'serial')
    .emit(0xb4, 0x00, 0xcd, 0x16, 0x50); // mov ah,0; int 0x16; push ax
  put(asm, 'P');
  asm
    .emit(0x58, 0x50) // pop ax; push ax
    .call('put')
    .emit(0x58, 0xb4, 0x0e, 0xbb, 0x07, 0x00, 0xcd, 0x10) // pop ax; mov ah,0x0e; mov bx,7; int 0x10
    .call('newline')
    .label('serial')
    .emit(0xba, ...word(lineStatus), 0xec, 0xa8, 0x01) // mov dx,3fd; in al,dx; test al,1
    .short(0x74, 'loop')
    .call('get')
    .emit(0xbe, '@table') // mov si,table
    .label('search')
    .emit(0x80, 0x3c, 0x00) // cmp byte [si],0
    .short(0x74, 'loop')
    .emit(0x3a, 0x04) // cmp al,[si]
    .short(0x74, 'found')
    .emit(0x83, 0xc6, 0x03) // add si,3
    .short(0xeb, 'search')
    .label('found')
    .emit(0xff, 0x54, 0x01) // call [si+1]
    .jump('loop')
    .label('table');
  const letters = ['m', 'c', 'w', 'r', 'f', 'n', 'g', 't', 'k', 'p', 'h', 'x'];
  const labels = [
    'multiply',
    'count',
    'add',
    'read',
    'floppy',
    'sum',
    'graphics',
    'mode3',
    'listen',
    'off',
    'halt',
    'trap',
  ];
  letters.forEach((letter, index) => asm.emit(letter.charCodeAt(0), `@${labels[index] ?? ''}`));
  asm.emit(0).label('greeting').text(`${tinyGuestReady}\r\n`).label('hello').text(`${tinyTextGreeting}\r\n`);
}

function commands(asm: Assembler, power: number): void {
  asm
    .label('multiply')
    .call('get')
    .emit(0x2c, 0x30, 0x88, 0xc3) // sub al,'0'; mov bl,al
    .call('get')
    .emit(0x2c, 0x30, 0xf6, 0xe3, 0xd4, 0x0a, 0x05, 0x30, 0x30, 0x50); // sub al,'0'; mul bl; aam; add ax,'00'; push ax
  put(asm, '=');
  asm
    .emit(0x58, 0x50, 0x88, 0xe0) // pop ax; push ax; mov al,ah
    .call('put')
    .emit(0x58)
    .call('put')
    .jump('newline');

  asm.label('count');
  put(asm, 'C');
  asm
    .emit(0x66, 0xa1, '@counter', 0x66, 0x50) // mov eax,[counter]; push eax
    .emit(0x66, 0xc1, 0xe8, 0x10) // shr eax,16
    .call('hex')
    .emit(0x66, 0x58) // pop eax
    .call('hex')
    .jump('newline');

  // count in edi, sum in ebp
  asm
    .label('sum')
    .emit(0x66, 0x31, 0xff, 0x66, 0x31, 0xed) // xor edi,edi; xor ebp,ebp
    .label('more')
    .call('get')
    .emit(0x3c, 0x04) // cmp al,4
    .short(0x74, 'enough')
    .emit(0x66, 0x0f, 0xb6, 0xc0, 0x66, 0x01, 0xc5, 0x66, 0x47) // movzx eax,al; add ebp,eax; inc edi
    .short(0xeb, 'more')
    .label('enough');
  put(asm, 'N');
  for (const move of [0xf8, 0xe8]) {
    asm
      .emit(0x66, 0x89, move, 0x66, 0xc1, 0xe8, 0x10) // mov eax,edi (or ebp); shr eax,16
      .call('hex')
      .emit(0x66, 0x89, move)
      .call('hex');
  }
  asm.jump('newline');

  asm
    .label('graphics')
    .emit(0xb8, 0x13, 0x00, 0xcd, 0x10) // mov ax,0x13; int 0x10
    .emit(0xb8, 0x00, 0xa0, 0x8e, 0xc0, 0x31, 0xff) // mov ax,0xa000; mov es,ax; xor di,di
    .emit(0xb9, 0x00, 0xfa) // mov cx,64000
    .label('stripe')
    .emit(0x89, 0xf8, 0xaa) // mov ax,di; stosb
    .short(0xe2, 'stripe') // loop
    .emit(0x31, 0xc0, 0x8e, 0xc0); // xor ax,ax; mov es,ax
  put(asm, 'G');
  asm.jump('newline');

  asm
    .label('mode3')
    .emit(0xb8, 0x03, 0x00, 0xcd, 0x10, 0xbe, '@hello') // mov ax,3; int 0x10; mov si,hello
    .label('letter')
    .emit(0xac, 0x84, 0xc0) // lodsb; test al,al
    .short(0x74, 'written')
    .emit(0xb4, 0x0e, 0xbb, 0x07, 0x00, 0xcd, 0x10) // mov ah,0x0e; mov bx,7; int 0x10
    .short(0xeb, 'letter')
    .label('written');
  put(asm, 'T');
  asm.jump('newline');

  asm.label('listen');
  out16(asm, power + 2, 0x0100);
  asm.emit(0xc6, 0x06, '@listening', 0x01); // mov byte [listening],1
  put(asm, 'K');
  asm.jump('newline');

  asm.label('off');
  out16(asm, power + 4, 0x2000);
  asm.label('halt').emit(0xfa, 0xf4).short(0xeb, 'halt'); // cli; hlt; jmp
}

/**
 * Switches on PAE paging with a 2 MiB page while CR4.PSE is 0: allowed on a real processor, where PAE does not need
 * it, but v86 takes it for impossible.
 */
function trap(asm: Assembler): void {
  const directoryPointers = 0x10000;
  asm
    .label('trap')
    .emit(0xfa, 0xb8, ...word(directoryPointers >> 4), 0x8e, 0xc0) // cli; mov ax,0x1000; mov es,ax
    .emit(0x31, 0xff, 0x31, 0xc0, 0xb9, 0x00, 0x10, 0xf3, 0xab) // xor di,di; xor ax,ax; mov cx,0x1000; rep stosw
    .emit(0x26, 0x66, 0xc7, 0x06, 0x00, 0x00, 0x01, 0x10, 0x01, 0x00) // mov dword [es:0],0x11001
    .emit(0x26, 0x66, 0xc7, 0x06, 0x00, 0x10, 0x83, 0x00, 0x00, 0x00) // mov dword [es:0x1000],0x83
    .emit(0x0f, 0x20, 0xe0, 0x0c, 0x20, 0x0f, 0x22, 0xe0) // mov eax,cr4; or al,0x20; mov cr4,eax
    .emit(0x66, 0xb8, 0x00, 0x00, 0x01, 0x00, 0x0f, 0x22, 0xd8) // mov eax,0x10000; mov cr3,eax
    .emit(0x0f, 0x20, 0xc0, 0x66, 0x0d, 0x01, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0) // or cr0 with 0x80000001
    .short(0xeb, 'beyond')
    .label('beyond')
    .jump('halt');
}

function diskCommands(asm: Assembler): void {
  const number = (label: string, letter: string, changes: boolean): void => {
    asm.label(label);
    put(asm, letter);
    asm
      .emit(0xb8, 0x01, 0x02) // mov ax,0x0201
      .call('sector')
      .short(0x72, `${label}-bad`); // jc
    if (changes) {
      asm
        .emit(0xff, 0x06, ...word(buffer), 0xb8, 0x01, 0x03) // inc word [buffer]; mov ax,0x0301
        .call('sector')
        .short(0x72, `${label}-bad`);
    }
    asm
      .emit(0xa1, ...word(buffer)) // mov ax,[buffer]
      .call('hex')
      .jump('newline')
      .label(`${label}-bad`)
      .jump('bad');
  };
  number('add', 'W', true);
  number('read', 'R', false);
  asm
    .label('sector')
    .emit(0xb9, numberSector, 0x00, 0xb6, 0x00, 0x8a, 0x16, '@drive') // mov cx,nn; mov dh,0; mov dl,[drive]
    .emit(0xbb, ...word(buffer), 0xcd, 0x13, 0xc3); // mov bx,buffer; int 0x13; ret

  asm.label('floppy');
  put(asm, 'F');
  asm
    .emit(0xbf, 0x03, 0x00) // mov di,3
    .label('try')
    .emit(0xb8, 0x01, 0x02, 0xb9, 0x01, 0x00, 0x31, 0xd2) // mov ax,0x0201; mov cx,1; xor dx,dx
    .emit(0xbb, ...word(buffer), 0xcd, 0x13) // mov bx,buffer; int 0x13
    .short(0x73, 'show') // jnc
    .emit(0x31, 0xc0, 0x31, 0xd2, 0xcd, 0x13, 0x4f) // xor ax,ax; xor dx,dx; int 0x13; dec di
    .short(0x75, 'try')
    .jump('bad')
    .label('show')
    .emit(0xbe, ...word(buffer), 0xc6, 0x06, ...word(buffer + 8), 0x00) // mov si,buffer; mov byte [buffer+8],0
    .call('print')
    .jump('newline')
    .label('bad');
  put(asm, '!');
  asm.jump('newline');
}

function routines(asm: Assembler): void {
  // put: sends al, keeps everything else
  asm
    .label('put')
    .emit(0x52, 0x50, 0xba, ...word(lineStatus)) // push dx; push ax; mov dx,3fd
    .label('busy')
    .emit(0xec, 0xa8, 0x20) // in al,dx; test al,0x20
    .short(0x74, 'busy')
    .emit(0x58, 0xba, ...word(com1), 0xee, 0x5a, 0xc3); // pop ax; mov dx,3f8; out dx,al; pop dx; ret
  // get: waits for a byte, gives it in al
  asm
    .label('get')
    .emit(0x52, 0xba, ...word(lineStatus)) // push dx; mov dx,3fd
    .label('none')
    .emit(0xec, 0xa8, 0x01) // in al,dx; test al,1
    .short(0x74, 'none')
    .emit(0xba, ...word(com1), 0xec, 0x5a, 0xc3); // mov dx,3f8; in al,dx; pop dx; ret
  asm.label('newline').emit(0xb0, 0x0a).jump('put');
  // print: the text at si
  asm
    .label('print')
    .emit(0xac, 0x84, 0xc0) // lodsb; test al,al
    .short(0x74, 'printed')
    .call('put')
    .short(0xeb, 'print')
    .label('printed')
    .emit(0xc3);
  // hex: ax as four digits
  asm
    .label('hex')
    .emit(0xb9, 0x04, 0x00) // mov cx,4
    .label('digit')
    .emit(0xc1, 0xc0, 0x04, 0x50) // rol ax,4; push ax
    .emit(0x24, 0x0f, 0x3c, 0x0a, 0x1c, 0x69, 0x2f) // and al,15; cmp al,10; sbb al,0x69; das
    .call('put')
    .emit(0x58) // pop ax
    .short(0xe2, 'digit')
    .emit(0xc3);
}
