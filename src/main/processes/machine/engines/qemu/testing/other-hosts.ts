import { type QemuSockets, pipesFor, socketsIn } from '../sockets';
import { type MatrixCase, pathsFor, testMachine } from './matrix';

/** Configurations as Windows and macOS start them, for tests of the command line only: they are not run here. */
export function otherHosts(): (MatrixCase & { sockets: QemuSockets })[] {
  const disks = [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'virtio' as const }];
  const nics = [
    { id: 'nic0', model: 'virtio' as const, mac: '52:54:00:00:00:01', connected: true, network: null },
  ];
  const pc = testMachine({
    disks,
    nics,
    drives: [{ id: 'cd0', kind: 'cdrom', path: 'D:\\Images\\a, b.iso' }],
  });
  const windowsPc = testMachine({
    guest: 'windows-10',
    disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'sata' }],
  });
  const arm = testMachine({ architecture: 'aarch64', firmware: 'uefi', disks, nics });

  const windowsFolder = 'C:\\Users\\A, “B” 名\\AppData\\Local\\Vivarium\\machines\\one';
  const pipes = pipesFor(
    'C:\\Users\\B\\AppData\\Local\\Temp\\vivarium--1\\q-abc123',
    '0123456789abcdef01234567',
  );
  const onWindows = {
    binary: 'C:\\Program Files\\qemu\\qemu-system-x86_64.exe',
    accelerator: 'whpx' as const,
    sandbox: false,
    nicSockets: { nic0: '\\\\.\\pipe\\vivarium-nic0' },
  };
  const onMac = {
    binary: '/opt/homebrew/bin/qemu-system-aarch64',
    accelerator: 'hvf' as const,
    sandbox: false,
    firmware: {
      code: '/opt/homebrew/share/qemu/edk2-aarch64-code.fd',
      codeFormat: 'raw' as const,
      variables: '/opt/homebrew/share/qemu/edk2-arm-vars.fd',
      variablesFormat: 'raw' as const,
      systemManagement: false,
    },
    nicSockets: { nic0: '/var/folders/xy/T/vivarium-501/0123456789abcdef01234567.sock' },
  };
  const macFolder = '/Users/me/Library/Application Support/Vivarium/machines/one';
  const macSockets = socketsIn('/var/folders/xy/T/vivarium-501/q-abc123');
  return [
    { name: 'Windows: a Linux', config: pc, paths: pathsFor(pc, windowsFolder, onWindows), sockets: pipes },
    {
      name: 'Windows: Windows, translated',
      config: windowsPc,
      paths: pathsFor(windowsPc, windowsFolder, { ...onWindows, accelerator: 'tcg' }),
      sockets: pipes,
    },
    {
      name: 'macOS: a Linux for ARM',
      config: arm,
      paths: pathsFor(arm, macFolder, onMac),
      sockets: macSockets,
    },
    {
      name: 'macOS: a Linux for PCs',
      config: pc,
      paths: pathsFor(pc, macFolder, {
        ...onMac,
        accelerator: 'tcg',
        firmware: null,
        binary: '/opt/homebrew/bin/qemu-system-x86_64',
      }),
      sockets: macSockets,
    },
  ];
}
