import { describe, expect, it } from 'vitest';
import { writeHeader } from '../ethernet/frame';
import { VirtualClock } from '../testing/virtual-clock';
import { framed, FramingError } from '../../../platform/frame-stream';
import { LearningSwitch } from './learning-switch';
import { noTraffic, type SwitchPort } from './port';

class NotingPort implements SwitchPort {
  readonly counters = noTraffic();
  readonly runs: Buffer[] = [];
  frames = 0;
  constructor(readonly id: string) {}
  deliver(run: Buffer, frames: number): boolean {
    this.runs.push(Buffer.from(run));
    this.frames += frames;
    return false;
  }
  hold(): void {}
  release(): void {}
}

const mac = { a: 0x020000000001, b: 0x020000000002, c: 0x020000000003 };

function frame(to: number, from: number, size = 60): Buffer {
  const bytes = Buffer.alloc(size);
  writeHeader(bytes, to, from, 0x88b5);
  return framed(bytes);
}

function threePorts() {
  const bridge = new LearningSwitch(new VirtualClock());
  const [a, b, c] = ['a', 'b', 'c'].map((id) => new NotingPort(id)) as [NotingPort, NotingPort, NotingPort];
  for (const port of [a, b, c]) bridge.add(port);
  const send = (port: SwitchPort, ...frames: Buffer[]): number =>
    bridge.receive(port, Buffer.concat(frames), 0);
  return { bridge, a, b, c, send };
}

describe('the learning switch', () => {
  it('floods what is for somebody unknown, and sends straight once it knows', () => {
    const { a, b, c, send } = threePorts();
    send(a, frame(mac.b, mac.a));
    expect([a.frames, b.frames, c.frames]).toEqual([0, 1, 1]);
    send(b, frame(mac.a, mac.b));
    expect([a.frames, b.frames, c.frames]).toEqual([1, 1, 1]);
    send(a, frame(mac.b, mac.a));
    expect([a.frames, b.frames, c.frames]).toEqual([1, 2, 1]);
  });

  it('keeps ports from each other when they are to reach one of them only', () => {
    const { bridge, a, b, c, send } = threePorts();
    send(b, frame(mac.a, mac.b));
    for (const port of [a, b, c]) port.frames = 0;
    bridge.separate = new Set([c]);
    send(a, frame(mac.b, mac.a), frame(0xffffffffffff, mac.a));
    expect([a.frames, b.frames, c.frames]).toEqual([0, 0, 1]);
    send(c, frame(mac.a, mac.c), frame(0xffffffffffff, mac.c));
    expect([a.frames, b.frames, c.frames]).toEqual([2, 1, 1]);
    bridge.separate = undefined;
    send(a, frame(mac.b, mac.a));
    expect(b.frames).toBe(2);
  });

  it('passes a run of frames on as one piece', () => {
    const { a, b, c, send } = threePorts();
    send(b, frame(mac.a, mac.b));
    send(c, frame(mac.a, mac.c));
    for (const port of [a, b, c]) port.runs.length = 0;
    const toB = Array.from({ length: 10 }, () => frame(mac.b, mac.a));
    const toC = Array.from({ length: 5 }, () => frame(mac.c, mac.a));
    send(a, ...toB, ...toC, frame(mac.b, mac.a));
    expect(b.runs.map(({ length }) => length / 64)).toEqual([10, 1]);
    expect(c.runs.map(({ length }) => length / 64)).toEqual([5]);
  });

  it('does not send a frame back to where it came from', () => {
    const { a, b, c, send } = threePorts();
    send(a, frame(mac.b, mac.a));
    send(a, frame(mac.c, mac.b), frame(mac.a, mac.c));
    expect(a.frames).toBe(0);
    expect(b.frames).toBe(2);
    expect(c.frames).toBe(2);
  });

  it('floods groups and everybody', () => {
    const { a, b, c, send } = threePorts();
    send(a, frame(0xffffffffffff, mac.a), frame(0x01005e000001, mac.a));
    expect([a.frames, b.frames, c.frames]).toEqual([0, 2, 2]);
  });

  it('drops frames of somebody who is pinned elsewhere, and says so', () => {
    const { bridge, a, b, c, send } = threePorts();
    bridge.stations.pin(mac.c, c);
    send(a, frame(mac.b, mac.c), frame(mac.b, mac.a));
    expect([b.frames, c.frames]).toEqual([1, 1]);
    expect(a.counters.refusedFrames).toBe(1);
    send(b, frame(mac.c, mac.b));
    expect(c.frames).toBe(2);
  });

  it('says where the frame begins that is not whole, and switches those before a lie', () => {
    const { a, b, send } = threePorts();
    const whole = frame(mac.b, mac.a);
    expect(send(a, whole, whole.subarray(0, 30))).toBe(64);
    expect(b.frames).toBe(1);
    expect(() => send(a, whole, Buffer.from([0xff, 0xff, 0xff, 0xff]))).toThrow(FramingError);
    expect(b.frames).toBe(2);
  });

  it('finds a station again that has moved', () => {
    const { a, b, c, send } = threePorts();
    for (let round = 0; round < 3; round++) {
      for (const [port, frames] of [
        [a, [1, 0]],
        [b, [0, 1]],
      ] as const) {
        send(port, frame(mac.c, mac.a));
        a.frames = b.frames = 0;
        send(c, frame(mac.a, mac.c));
        expect([a.frames, b.frames]).toEqual(frames);
      }
    }
  });
});
