import { writeFile } from 'node:fs/promises';
import { v86Version } from '@shared/engine/engines';
import { createV86Engine } from '../../src/main/processes/machine/engines/v86/v86-engine';
import { tinyGuestDisk } from '../helpers/boot-sector';
import { engineConformance } from './engine';
import { tinyGuest } from './tiny-guest';

const floppySize = 1_474_560;

engineConformance('v86', {
  version: v86Version,
  create: createV86Engine,
  writeDisk: (path) => writeFile(path, tinyGuestDisk()),
  config: { drives: [{ id: 'floppy0', kind: 'floppy', path: null }] },
  drive: 'floppy0',
  mediumSize: floppySize,
  guest: tinyGuest,
});
