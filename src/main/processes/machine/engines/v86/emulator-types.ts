import type { ScreenAdapter } from '../../display/screen-adapter';
import type { WasmExports, WasmImports } from './load-v86';

/**
 * The parts of the `v86` package that this engine uses, public and not: written down here because the package's
 * own types know only the public ones. Names in snake case are the package's. Checked against version 0.5.462.
 */

/** What v86 wants of a disk, a CD or a floppy. Offsets and lengths in bytes. */
export interface V86Buffer {
  byteLength: number;
  onload?: (event: object) => void;
  onprogress?: (event: object) => void;
  load(): void;
  get(offset: number, length: number, done: (data: Uint8Array) => void): void;
  set(offset: number, data: Uint8Array, done: () => void): void;
  get_and_cache(offset: number, length: number, done: (data: Uint8Array) => void): void;
  get_from_cache(offset: number, length: number): Uint8Array | undefined;
  get_buffer(done: (buffer?: ArrayBuffer) => void): void;
  get_state(): unknown[];
  set_state(state: readonly unknown[] | null): void;
}

export interface V86Bus {
  send(event: string, value: unknown): void;
}

export interface V86IoPort {
  read8: (this: unknown) => number;
  read16: (this: unknown) => number;
  read32: (this: unknown) => number;
  write8: (this: unknown, value: number) => void;
  write16: (this: unknown, value: number) => void;
  device: unknown;
}

export interface V86Acpi {
  pm1_status: number;
  pm1_enable: number;
  gpe: Uint8Array;
}

export interface V86Uart {
  /** Received bytes that the guest has not read. */
  input: number[];
  /** Line status: bit 0 says that there are such bytes. */
  lsr: number;
  /** Modem control: bit 0 is DTR, bit 1 is RTS. */
  modem_control: number;
  data_received(byte: number): void;
  ClearInterrupt(line: number): void;
}

export interface V86AtapiDrive {
  buffer: V86Buffer | null;
  set_cdrom(buffer: V86Buffer): void;
  eject(): void;
}

export interface V86FloppyDrive {
  buffer: V86Buffer | null;
  read_only: boolean;
  insert_disk(buffer: V86Buffer, readOnly: boolean): boolean;
  eject_disk(): void;
}

export interface V86VirtioNet {
  mac: Uint8Array;
  /** Bit 0: the link is up. */
  status: number;
  virtio: { notify_config_changes(): void };
}

export interface V86Ne2k {
  mac: Uint8Array;
  /** The card's memory; it begins with the address, every byte twice. */
  memory: Uint8Array;
}

export interface V86Cpu {
  io: { ports: V86IoPort[] };
  devices: {
    acpi?: V86Acpi;
    vga: { screen_fill_buffer(): void };
    ps2: { kbd_buffer: { length: number }; enable_keyboard_stream: boolean };
    uart0: V86Uart;
    uart1?: V86Uart;
    uart2?: V86Uart;
    uart3?: V86Uart;
    fdc: { drives: [V86FloppyDrive, V86FloppyDrive] };
    cdrom: V86AtapiDrive;
    virtio_net?: V86VirtioNet;
    net?: V86Ne2k;
  };
  /** Not 0 while the processor waits for an interrupt. */
  in_hlt: Uint8Array;
  device_raise_irq(line: number): void;
  /** EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI. */
  reg32: Int32Array;
  instruction_pointer: Int32Array;
  /** ES, CS, SS, DS, FS, GS. */
  sreg: Uint16Array;
  segment_offsets: Int32Array;
  cr: Int32Array;
  flags: Int32Array;
  cpl: Uint8Array;
  instruction_counter: Uint32Array;
}

/** The scheduler of the processor: it runs for about a millisecond, then yields to the event loop. */
export interface V86Scheduler {
  cpu: V86Cpu;
  init(settings: object): void;
  run(): void;
  stop(): void;
  next_tick(milliseconds: number): void;
  yield(milliseconds: number, tick: number): void;
  yield_callback(tick: number): void;
  restore_state(state: ArrayBuffer | Uint8Array): void;
  save_state(): ArrayBuffer;
}

export interface V86Emulator {
  v86: V86Scheduler;
  bus: V86Bus;
  screen_adapter: ScreenAdapter;
  add_listener(event: string, listener: (value: never) => void): void;
  remove_listener(event: string, listener: (value: never) => void): void;
  is_running(): boolean;
  restart(): void;
}

export interface V86Options {
  wasm_fn(imports: WasmImports): Promise<WasmExports>;
  memory_size: number;
  vga_memory_size: number;
  bios: { buffer: ArrayBuffer };
  vga_bios: { buffer: ArrayBuffer };
  hda?: V86Buffer;
  hdb?: V86Buffer;
  cdrom?: V86Buffer;
  fda?: V86Buffer;
  fdb?: V86Buffer;
  boot_order: number;
  acpi: boolean;
  uart1: boolean;
  uart2: boolean;
  uart3: boolean;
  /** Any other type than the two that v86 knows stands for no card at all; without a value there is one. */
  net_device: { type: 'virtio' | 'ne2k' | 'none' };
  /** Without it a restored card forgets its address and, for the NE2000, its memory. */
  preserve_mac_from_state_image: true;
  autostart: false;
  disable_speaker: true;
  disable_keyboard: true;
  disable_mouse: true;
}

export interface V86Module {
  V86: new (options: V86Options) => V86Emulator;
}
