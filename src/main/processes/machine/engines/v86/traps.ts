import type { V86Cpu } from './emulator-types';

const registerNames = ['EAX', 'ECX', 'EDX', 'EBX', 'ESP', 'EBP', 'ESI', 'EDI'];
const segmentNames = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'];

function hex(value: number | undefined, digits: number): string {
  return ((value ?? 0) >>> 0).toString(16).padStart(digits, '0');
}

/** The guest's processor as lines for the log: what somebody needs who wants to know why it died. */
export function describeProcessor(cpu: V86Cpu): string[] {
  const instruction = (cpu.instruction_pointer[0] ?? 0) - (cpu.segment_offsets[1] ?? 0);
  return [
    `EIP=${hex(instruction, 8)} (linear ${hex(cpu.instruction_pointer[0], 8)}) EFLAGS=${hex(cpu.flags[0], 8)} CPL=${cpu.cpl[0] ?? 0}`,
    registerNames.map((name, index) => `${name}=${hex(cpu.reg32[index], 8)}`).join(' '),
    segmentNames.map((name, index) => `${name}=${hex(cpu.sreg[index], 4)}`).join(' '),
    [0, 2, 3, 4].map((index) => `CR${index}=${hex(cpu.cr[index], 8)}`).join(' '),
  ];
}
