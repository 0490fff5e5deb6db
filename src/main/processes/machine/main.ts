import { prepareLocks } from '../../platform/file-lock';
import { connectToParent } from '../../platform/parent-link';
import { MachineProcess } from './machine-process';

/** The entry of a machine's process. */

const machineProcess = new MachineProcess(connectToParent(), (status) => process.exit(status));

process.on('uncaughtException', (error) => void machineProcess.collapse(error));
process.on('unhandledRejection', (error) => void machineProcess.collapse(error));
// Ctrl+C in a terminal, the end of a session and that of a service go to every process there; what becomes of the
// machines is main's decision. It has been told as well, and where it is gone, this process ends by itself.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});

// Often it waits to be told for which machine it is: what follows then takes that much less.
prepareLocks();
