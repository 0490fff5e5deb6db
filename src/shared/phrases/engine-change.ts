/** What differs for a machine that goes on on another engine. `{from}` and `{to}` are what it had and what it gets. */
export const engineChange = {
  processor: 'The guest finds another processor, chipset and graphics adapter.',
  processorWindows:
    'The guest finds another processor, chipset and graphics adapter: Windows may look for drivers, and ask to be activated again.',
  faster: 'It runs faster: QEMU makes better use of this computer’s processor.',
  slower: 'It runs slower: the embedded engine translates every instruction, on one processor.',
  cpus: 'Processors: {to} instead of {from}.',
  memory: 'Memory: {to} MiB instead of {from} MiB.',
  videoMemory: 'Video memory: {to} MiB instead of {from} MiB.',
  disk: 'Disk {number} is attached by {to} instead of {from}. A system without a driver for that does not start.',
  cdroms: 'CD drives: {to} instead of {from}; the last ones go, with what is in them.',
  floppies: 'Floppy drives: {to} instead of {from}; the last ones go, with what is in them.',
  nics: 'Network cards: {to} instead of {from}; the last ones go.',
  nicModel: 'Network card {number}: {to} instead of {from}.',
  serialPorts: 'Serial ports: {to} instead of {from}.',
  boot: 'It does not start from {device} any more.',
  acpi: 'ACPI is switched on.',
  sound: 'Sound goes.',
  tpm: 'The TPM goes. What the guest has locked with it, such as a BitLocker volume, stays locked until it is back.',
  secureBoot: 'Secure Boot goes.',
  cpuModel: 'The chosen processor model is forgotten.',
  topology: 'The chosen arrangement of processors is forgotten.',
  memoryTargetMiB: 'The amount of memory that the guest is asked to make do with is forgotten.',
  clipboard: 'The clipboard is not shared any more.',
  snapshots:
    'Snapshots stay. One with memory goes on only on the engine that it was taken on: restoring it brings that engine back.',
} as const;
