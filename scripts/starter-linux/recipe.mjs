/** What Starter Linux is made of: data only. */

export const recipe = {
  /** Changes when what a person sees in the guest changes. */
  version: '1.0',
  release: 'bookworm',
  architecture: 'i386',
  volumeId: 'STARTER_LINUX',
  /** Depends on the newest kernel for processors without PAE: the smallest that both engines run. */
  kernelMetapackage: 'linux-image-686',

  /** Files taken out of packages: path in the package → path in the system. Links are followed. */
  files: {
    'busybox-static': { 'bin/busybox': 'bin/busybox' },
    libc6: {
      'lib/i386-linux-gnu/ld-linux.so.2': 'lib/ld-linux.so.2',
      'lib/i386-linux-gnu/libc.so.6': 'lib/i386-linux-gnu/libc.so.6',
    },
    libext2fs2: {
      'lib/i386-linux-gnu/libext2fs.so.2': 'lib/i386-linux-gnu/libext2fs.so.2',
      'lib/i386-linux-gnu/libe2p.so.2': 'lib/i386-linux-gnu/libe2p.so.2',
    },
    'libcom-err2': { 'lib/i386-linux-gnu/libcom_err.so.2': 'lib/i386-linux-gnu/libcom_err.so.2' },
    libblkid1: { 'usr/lib/i386-linux-gnu/libblkid.so.1': 'lib/i386-linux-gnu/libblkid.so.1' },
    libuuid1: { 'usr/lib/i386-linux-gnu/libuuid.so.1': 'lib/i386-linux-gnu/libuuid.so.1' },
    e2fsprogs: {
      'sbin/mke2fs': 'usr/sbin/mke2fs.e2fsprogs',
      'sbin/e2fsck': 'usr/sbin/e2fsck',
      'etc/mke2fs.conf': 'etc/mke2fs.conf',
    },
    extlinux: {
      'usr/bin/extlinux': 'usr/sbin/extlinux',
      'usr/lib/EXTLINUX/mbr.bin': 'usr/lib/starter/mbr.bin',
    },
    'syslinux-common': { 'usr/lib/syslinux/modules/bios/ldlinux.c32': 'usr/lib/starter/ldlinux.c32' },
    isolinux: {},
  },

  /** Symbolic links of the system. BusyBox makes those for its own programs at the first start. */
  links: {
    'bin/sh': 'busybox',
    'sbin/init': '../bin/busybox',
    'sbin/modprobe': '../bin/busybox',
    'usr/sbin/mkfs.ext4': 'mke2fs.e2fsprogs',
    'usr/sbin/mkfs.ext3': 'mke2fs.e2fsprogs',
    'usr/sbin/mkfs.ext2': 'mke2fs.e2fsprogs',
    'usr/sbin/fsck.ext4': 'e2fsck',
    'etc/mtab': '../proc/mounts',
  },

  folders: ['dev', 'proc', 'sys', 'run', 'mnt', 'media', 'root', 'tmp', 'var', 'usr/share'],

  /** With what they depend on. Every one costs start-up time, as the kernel unpacks it: no USB, no rare cards. */
  modules: [
    // disks and CD
    ...['ata_piix', 'ata_generic', 'ahci', 'sd_mod', 'sr_mod', 'virtio_blk', 'virtio_scsi'],
    // file systems
    ...[
      'ext4',
      'isofs',
      'vfat',
      'nls_ascii',
      'nls_cp437',
      'nls_utf8',
      '9p',
      '9pnet_virtio',
      'loop',
      'crc32c_generic',
    ],
    // network
    ...['virtio_net', 'ne2k-pci', 'e1000', '8139cp', 'pcnet32', 'af_packet'],
    // the rest of a virtual computer
    ...['virtio_pci', 'virtio_balloon', 'virtio_console', 'virtio-rng', 'psmouse', 'evdev', 'button'],
  ],

  /** For the CD and for the installed system. Both terminals are consoles. */
  kernelOptions: [
    'console=tty0 console=ttyS0,115200',
    // On a busy host an emulated timer is late, which the kernel would take for a broken one, and stop.
    'no_timer_check',
    // Seconds of start-up on an emulated processor, for nothing that is used here: self-tests of ciphers,
    // tracing of kernel probes, a search for ISA cards, the registers for machine checks.
    'cryptomgr.notests=1 initcall_blacklist=init_kprobe_trace noisapnp mce=off',
  ].join(' '),
  /** Not for the entry that shows everything. */
  quietOptions: 'quiet loglevel=3',
};
