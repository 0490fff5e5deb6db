import { describe, expect, it } from 'vitest';
import { errorCodes } from '@shared/errors';
import { explainEnd } from './causes';

const explain = (...lines: string[]) => explainEnd({ code: 1, signal: null, lines });

/** Messages as QEMU prints them, with what a person should be told. */
const seen: [line: string, code: keyof typeof errorCodes, message: RegExp][] = [
  [
    'qemu-system-x86_64: -device ide-hd,drive=d: Failed to get "write" lock',
    'disk.in-use',
    /Another program/,
  ],
  ['Is another process using the image [/vm/disk.qcow2]?', 'disk.in-use', /Another program/],
  ['Could not access KVM kernel module: Permission denied', 'host.unavailable', /may not use KVM/],
  ['Could not access KVM kernel module: No such file or directory', 'host.unavailable', /KVM does not work/],
  [
    'qemu-system-x86_64: failed to initialize kvm: Device or resource busy',
    'host.unavailable',
    /KVM does not/,
  ],
  [
    'error: failed to set MSR 0x10a to 0x69\nkvm_buf_set_msrs: Assertion `ret == 3 failed',
    'engine.failed',
    /KVM failed/,
  ],
  ['KVM: entry failed, hardware error 0x80000021', 'engine.failed', /KVM failed/],
  [
    'qemu-system-aarch64: Error: ret = HV_DENIED (0xfae94007, at ../accel/hvf/hvf-all.c:10)',
    'host.unavailable',
    /Apple/,
  ],
  ['WHPX: No accelerator found, hr=00000000', 'host.unavailable', /Windows Hypervisor/],
  ["qemu-system-x86_64: CPU model 'host' requires KVM or HVF", 'engine.unsupported', /own processor/],
  ["qemu-system-x86_64: unable to find CPU model 'Foo'", 'engine.unsupported', /processor model/],
  ['qemu-system-x86_64: unsupported machine type pc-q35-99.0', 'engine.unsupported', /hardware version/],
  ["-device foo: 'foo' is not a valid device model name", 'engine.unsupported', /without a device/],
  [
    "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory",
    'host.unavailable',
    /memory/,
  ],
  ['qemu-system-i386: at most 2047 MB RAM can be simulated', 'engine.unsupported', /that much memory/],
  [
    'Invalid SMP CPUs 300. The max CPUs supported by machine is 288',
    'engine.unsupported',
    /that many processors/,
  ],
  ['qcow2: Image is corrupt; cannot be opened read/write', 'disk.corrupt', /damaged/],
  ['-blockdev {}: Image is not in qcow2 format', 'disk.unknown-format', /not in the format/],
  [
    "Could not open backing file: Could not open '/a': No such file or directory",
    'file.not-found',
    /stands on/,
  ],
  ["could not load PC BIOS 'bios.bin'", 'file.not-found', /file .* is missing/],
  ["Could not open '/vm/disk.qcow2': Permission denied", 'file.denied', /may not open/],
  ['No space left on device', 'file.no-space', /No space/],
  ["error while loading state for instance 0x0 of device 'ram'", 'saved-state.mismatch', /saved state/],
  [
    'Length mismatch: pc.ram: 0x8000000 in != 0x4000000: Invalid argument',
    'saved-state.mismatch',
    /saved state/,
  ],
  ['Failed to find an available port: Address already in use', 'engine.failed', /in use/],
  ['libslirp.so.0: error while loading shared libraries', 'engine.not-found', /incomplete/],
];

describe('why QEMU ended', () => {
  it.each(seen)('%s', (line, code, message) => {
    const failure = explain('char device redirected', ...line.split('\n'));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(failure.message).toContain('status 1');
    expect(failure.cause?.message).toContain(line.split('\n').at(-1));
  });

  it('tells the last words of one that nobody knows', () => {
    const failure = explain('one', '', 'something new went wrong');
    expect(failure.code).toBe('engine.failed');
    expect(failure.cause?.message).toBe('one\nsomething new went wrong');
    expect(failure.hint).toBeDefined();
  });

  it('knows what a kill without words means', () => {
    const failure = explainEnd({ code: null, signal: 'SIGKILL', lines: [] });
    expect(failure.message).toMatch(/killed QEMU.*SIGKILL/);
    expect(failure.hint).toMatch(/Out of memory/);
    expect(explainEnd({ code: null, signal: 'SIGSYS', lines: [] }).message).toMatch(/sandbox/);
    expect(explainEnd({ code: null, signal: null, lines: ['spawn ENOENT'] }).message).toMatch(
      /could not be started/,
    );
  });
});
