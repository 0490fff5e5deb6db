import { prepareLocks } from '../../platform/file-lock';
import { connectToParent } from '../../platform/parent-link';
import { MachineProcess } from './machine-process';

/** The entry of a machine's process. */

const machineProcess = new MachineProcess(connectToParent(), (status) => process.exit(status));

process.on('uncaughtException', (error) => void machineProcess.collapse(error));
process.on('unhandledRejection', (error) => void machineProcess.collapse(error));
// Ctrl+C in a terminal goes to every process there; what becomes of the machines is main's decision.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('SIGTERM', () => void machineProcess.leave('The process was asked to end'));

// Often it waits to be told for which machine it is: what follows then takes that much less.
prepareLocks();
