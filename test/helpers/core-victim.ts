import { byteStreamOver } from '@shared/ipc/byte-stream';
import { findStream } from '../../src/main/api/streams';
import { createCore } from '../../src/main/core';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import { tinyGuest } from '../conformance/tiny-guest';
import { Terminal } from './terminal';

/**
 * The program on a data folder, to be killed: starts a machine with the tiny guest in it, lets that write to its
 * disk, says what the guest read back and which process runs it, and stays. Arguments: the folder of the built
 * processes, the resources, the data folder, the machine's id.
 */
const [mainFolder = '', resourcesFolder = '', dataFolder = '', id = ''] = process.argv.slice(2);
const core = await createCore({
  dataFolder,
  resourcesFolder,
  processHost: nodeProcessHost(mainFolder),
  shell: { kind: 'browser' },
  version: '0.0.0',
});
await core.handlers['machine.start']({ id });
const { runner, description } = findStream(core.machines, 'console.serial', { id, port: 0 });
const guest = tinyGuest(new Terminal(byteStreamOver(runner.openStream(description))));
await guest.ready();
const number = await guest.addOnDisk();
console.log(`written ${number} by ${core.machines.get(id).runtime?.pid}`);
