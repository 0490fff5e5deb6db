/** Programs that are run in a guest by its guest agent. */
export const agent = {
  none: 'No guest agent answers in this machine.',
  noneHint: 'Install qemu-guest-agent in the guest and start it; then try again.',
  engine: 'The engine of this machine has no way to a guest agent. QEMU has one.',
  timeout: 'The program has not ended after {seconds} seconds. It goes on in the guest.',
  timeoutHint: 'Give it more time with --timeout.',
} as const;
