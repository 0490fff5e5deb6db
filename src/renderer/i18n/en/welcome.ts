export default {
  title: 'Welcome to Vivarium',
  text: 'Whole computers, each in a window of its own.',
  data: 'Your machines live here',
  dataHint: 'Each machine is a folder that can be copied and backed up.',
  dataMove: 'Keep them somewhere else',
  engines: 'What runs them',
  engine: {
    v86: 'Comes with Vivarium, and starts small 32-bit systems at once.',
    qemu: 'For 64-bit systems, several processors and much memory.',
  },
  found: 'Found',
  missing: 'Not on this computer yet',
  gallery: 'Begin with the gallery',
  image: 'I have an image',
  later: 'Look around first',
} as const;
