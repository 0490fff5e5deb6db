import { afterEach, describe, expect, it, vi } from 'vitest';
import { pressPowerButton, repairAcpi } from './acpi';
import type { V86Cpu, V86IoPort, V86Scheduler } from './emulator-types';
import { GuestKeyboard } from './keyboard';
import { GuestMouse } from './mouse';
import { takeOverScheduling } from './scheduler';
import { describeProcessor } from './traps';

afterEach(() => {
  vi.useRealTimers();
});

function recordingBus() {
  const sent: [string, unknown][] = [];
  return { sent, send: (event: string, value: unknown) => void sent.push([event, value]) };
}

describe('repairAcpi', () => {
  function cpuWithAcpi() {
    const written: number[] = [];
    const raised: number[] = [];
    const port = (): V86IoPort => ({
      read8: () => 255,
      read16: () => 65535,
      read32: () => -1,
      write8: () => {},
      write16: (value) => void written.push(value),
      device: undefined,
    });
    const ports = Array.from({ length: 0x10000 }, port);
    const acpi = { pm1_status: 0, pm1_enable: 0, gpe: Uint8Array.of(0xff, 0x0f, 0, 0) };
    const cpu = {
      io: { ports },
      devices: { acpi },
      device_raise_irq: (line: number) => raised.push(line),
    } as unknown as V86Cpu;
    return { cpu, acpi, ports, written, raised };
  }

  it('clears event bits by writing ones, and shows no slot as being removed', () => {
    const { cpu, acpi, ports } = cpuWithAcpi();
    repairAcpi(cpu, { powerOff: () => {}, sleep: () => {} });
    ports[0xafe0]?.write8(0x81);
    ports[0xafe1]?.write8(0x0f);
    expect([...acpi.gpe]).toEqual([0x7e, 0, 0, 0]);
    for (let port = 0xae00; port < 0xae10; port++) {
      expect([ports[port]?.read8(), ports[port]?.read16(), ports[port]?.read32()]).toEqual([0, 0, 0]);
    }
  });

  it('tells power-off from other sleep states, and from mere writes', () => {
    const { cpu, ports, written } = cpuWithAcpi();
    const told: string[] = [];
    repairAcpi(cpu, { powerOff: () => told.push('off'), sleep: (type) => told.push(`sleep ${type}`) });
    for (const value of [0x0001, 0x2000, 0x2000 | (1 << 10), 0x2000 | (2 << 10)])
      ports[0xb004]?.write16(value);
    expect(told).toEqual(['off', 'sleep 1', 'off']);
    expect(written).toHaveLength(4);
  });

  it('presses the power button for a guest that listens', () => {
    const { cpu, acpi, raised } = cpuWithAcpi();
    expect(pressPowerButton(cpu)).toBe(false);
    acpi.pm1_enable = 0x100;
    expect(pressPowerButton(cpu)).toBe(true);
    expect([acpi.pm1_status, raised]).toEqual([0x100, [9]]);
  });
});

describe('GuestKeyboard', () => {
  it('waits with the next key until the guest has taken the last', async () => {
    vi.useFakeTimers();
    const bus = recordingBus();
    const ps2 = { kbd_buffer: { length: 0 }, enable_keyboard_stream: true };
    const keyboard = new GuestKeyboard(bus, ps2);
    keyboard.send([0xe0, 0x48]);
    ps2.kbd_buffer.length = 2;
    keyboard.send([0xe0, 0xc8]);
    await vi.advanceTimersByTimeAsync(50);
    expect(bus.sent.map(([, value]) => value)).toEqual([0xe0, 0x48]);
    ps2.kbd_buffer.length = 0;
    await vi.advanceTimersByTimeAsync(50);
    expect(bus.sent.map(([, value]) => value)).toEqual([0xe0, 0x48, 0xe0, 0xc8]);
  });

  it('forgets what waits when it is cleared, and takes no more than a hand could type', async () => {
    vi.useFakeTimers();
    const bus = recordingBus();
    const ps2 = { kbd_buffer: { length: 1 }, enable_keyboard_stream: true };
    const keyboard = new GuestKeyboard(bus, ps2);
    for (let count = 0; count < 10_000; count++) keyboard.send([0x1e]);
    ps2.kbd_buffer.length = 0;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bus.sent).toHaveLength(4096);
    ps2.kbd_buffer.length = 1;
    keyboard.send([0x1e]);
    keyboard.clear();
    ps2.kbd_buffer.length = 0;
    await vi.advanceTimersByTimeAsync(100);
    expect(bus.sent).toHaveLength(4096);
  });
});

describe('GuestMouse', () => {
  it('moves to a place, and wakes the guest by a small movement', () => {
    const bus = recordingBus();
    const mouse = new GuestMouse(bus);
    mouse.moveTo(10, 20, 640, 480);
    mouse.moveTo(10, 20, 640, 480);
    expect(bus.sent).toEqual([
      ['mouse-absolute', [10, 20, 639, 479]],
      ['mouse-delta', [1, 0]],
    ]);
  });

  it('cuts long movements into what a packet can carry, without losing a pixel', () => {
    const bus = recordingBus();
    new GuestMouse(bus).moveBy(1000, -333);
    const steps = bus.sent.map(([, value]) => value as [number, number]);
    expect(Math.max(...steps.flat().map(Math.abs))).toBeLessThanOrEqual(127);
    const sum = steps.reduce(([x, y], [dx, dy]) => [x + dx, y + dy], [0, 0]);
    expect(sum).toEqual([1000, 333]);
  });

  it('presses buttons and turns the wheel', () => {
    const bus = recordingBus();
    const mouse = new GuestMouse(bus);
    mouse.buttons({ left: true, middle: false, right: true });
    mouse.wheel(1);
    mouse.wheel(0);
    mouse.wheel(-1);
    expect(bus.sent).toEqual([
      ['mouse-click', [true, false, true]],
      ['mouse-wheel', [-1, 0]],
      ['mouse-wheel', [1, 0]],
    ]);
  });
});

describe('takeOverScheduling', () => {
  function scheduler(halted: boolean, onTick: (tick: number) => void): V86Scheduler {
    return {
      cpu: { in_hlt: Uint8Array.of(halted ? 1 : 0) },
      yield_callback: onTick,
    } as unknown as V86Scheduler;
  }

  it('sleeps on a timer while the guest waits for an interrupt, and comes back at once otherwise', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate'] });
    const ticks: number[] = [];
    const idle = scheduler(true, (tick) => ticks.push(tick));
    takeOverScheduling(idle, () => {});
    const timeout = vi.spyOn(globalThis, 'setTimeout');
    idle.yield(0.3, 1);
    expect(timeout).toHaveBeenCalledTimes(1);
    idle.yield(0, 2);
    const busy = scheduler(false, (tick) => ticks.push(tick));
    takeOverScheduling(busy, () => {});
    busy.yield(0.3, 3);
    expect(timeout).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(5);
    expect(ticks.sort()).toEqual([1, 2, 3]);
  });

  it('catches what the emulator throws', async () => {
    const trap = new Promise((resolve) => {
      const broken = scheduler(false, () => {
        throw new Error('unreachable');
      });
      takeOverScheduling(broken, resolve);
      broken.yield(0, 1);
    });
    expect(await trap).toMatchObject({ message: 'unreachable' });
  });
});

describe('describeProcessor', () => {
  it('shows the registers as somebody reads them who looks for a fault', () => {
    const cpu = {
      instruction_pointer: Int32Array.of(0x107c00),
      segment_offsets: Int32Array.of(0, 0x100000, 0, 0, 0, 0),
      flags: Int32Array.of(0x246),
      cpl: Uint8Array.of(3),
      reg32: Int32Array.of(-1, 1, 2, 3, 4, 5, 6, 7),
      sreg: Uint16Array.of(0x10, 0x08, 0x10, 0x10, 0, 0),
      cr: Int32Array.of(-0x7fffffef, 0, 0xb000, 0x1000, 0x690),
    } as unknown as V86Cpu;
    expect(describeProcessor(cpu)).toEqual([
      'EIP=00007c00 (linear 00107c00) EFLAGS=00000246 CPL=3',
      'EAX=ffffffff ECX=00000001 EDX=00000002 EBX=00000003 ESP=00000004 EBP=00000005 ESI=00000006 EDI=00000007',
      'ES=0010 CS=0008 SS=0010 DS=0010 FS=0000 GS=0000',
      'CR0=80000011 CR2=0000b000 CR3=00001000 CR4=00000690',
    ]);
  });
});
