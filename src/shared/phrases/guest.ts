/** Why an engine cannot run a system. `{title}` is the system's name, `{engine}` the engine's title. */
export const guest = {
  kernel: '{title} is a kernel by itself, and a machine starts from a CD, floppy or disk image.',
  kernelHint:
    'Choose an image that has this kernel and a boot loader on it, such as the installation CD of its system.',
  unknown: '{title} is neither a CD, a floppy nor a disk image that is known here.',
  unknownHint: 'Choose an ISO image, a floppy image, or a raw or qcow2 disk image.',
  diskFormat: '{title} is a disk image in {format} format, which cannot be read here.',
  diskFormatHint: 'Convert it first: qemu-img convert -O qcow2 <image> <new image>.qcow2',
  processor: '{title} is for {architecture} processors, which the engine “{engine}” does not have.',
  processorHint:
    'Choose the edition for PCs (i386) where there is one, or the QEMU engine, which has other processors.',
  tooWide: '{title} is a 64-bit system, and the engine “{engine}” has a {bits}-bit processor.',
  tooWideHint:
    'The QEMU engine runs it: install QEMU on this computer and choose that engine. Or choose a 32-bit (i386) edition of the system.',
  uefiOnly: '{title} starts from UEFI firmware only, and the engine “{engine}” has a BIOS.',
  uefiOnlyHint:
    'The QEMU engine runs it: install QEMU on this computer and choose that engine. Or choose an edition that starts from a BIOS (“legacy boot”).',
} as const;
