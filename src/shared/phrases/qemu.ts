/** QEMU as it is, or is not, on this computer. */
export const qemu = {
  notInstalled: 'QEMU is not installed on this computer.',
  notNeeded: 'Not found. It is not needed: the embedded engine runs without it.',
  noEmulator: 'There is no QEMU for {architecture} on this computer.',
  install: 'Install QEMU: {command}',
  installFrom: 'Install QEMU from {page}',
  silent: '{path} does not say what it can do.',
  silentHint: 'Install QEMU again, or choose another folder for it.',
  folderWithout: 'There is no QEMU in this folder: {path}',
  folderHint: 'It is the folder with programs such as qemu-system-x86_64 in it.',
  title: 'QEMU for {architecture}',
  broken: 'A QEMU that cannot be used',
  translating: '{where}. Translating (TCG).',
  accelerated: '{where}. {accelerator} works.',
  slow: '{where}. {accelerator} does not work: {reason}',
  slowHint: 'Machines run by translation (TCG), which is slower but always works.',
  atEnvironment: '{version}, {path}: in the folder that VIVARIUM_QEMU names',
  atChosen: '{version}, {path}: in the folder that was chosen in the preferences',
  atPath: '{version}, {path}: on the search path (PATH)',
  atUsual: '{version}, {path}: in one of the usual places',
  atBundled: '{version}, {path}: came with Vivarium',
  oldEnded:
    'A QEMU of an earlier run of “{name}” was still there, and has been ended before its disks were opened again.',
  oldStays: 'A QEMU of an earlier run ({which}) cannot be ended.',
  oldStaysHint: 'End it, or restart the computer; until then its disks must not be opened.',
  board: 'QEMU’s machine {type} is not used here.',
  machineType: 'QEMU {version} does not have the hardware version {type} of this machine.',
  machineTypeHint:
    'Choose a newer one in the machine’s settings under System, Hardware version, or install a QEMU that has it.',
  secureBoot: 'There is no Secure Boot for {architecture} on this computer.',
  secureBootHint:
    'Install UEFI firmware with enrolled keys: on Debian and Ubuntu, ovmf; elsewhere edk2-ovmf.',
  uefi: 'There is no UEFI firmware for {architecture} on this computer.',
  uefiHint:
    'Install it: on Debian and Ubuntu, ovmf or qemu-efi-aarch64; elsewhere edk2-ovmf or edk2-aarch64.',
  tpm: 'This machine has a TPM, and there is no swtpm on this computer.',
  tpmHint: 'Install swtpm, or switch the TPM off.',
} as const;
