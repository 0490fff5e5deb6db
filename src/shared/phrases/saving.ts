/** Why the memory of a running machine cannot be saved; told before anything is paused. */
export const saving = {
  obstacle: 'The state of this machine cannot be saved: {reason}',
  hint: 'Shut the guest down instead. A snapshot without memory can be taken all the same.',
  nvme: 'QEMU cannot save what an NVMe disk is doing. Another disk bus, such as virtio, can be saved.',
  share: 'a folder that is shared with the guest is mounted in it. Unmount it in the guest first.',
  vhost: 'one of its devices is served by another program (vhost), whose state is not ours to save.',
  hostDevice: 'it uses a device of this computer, which cannot be saved.',
  processor: 'its processor counts time at a fixed rate (invtsc), which another start could not keep up.',
  diskFormat: 'one of its disks is in a format of another program. Convert it to qcow2 first.',
  engine: 'its engine, “{engine}”, cannot do that.',
} as const;
