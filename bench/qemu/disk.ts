import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** An empty image of 64 MiB in the format of QEMU. */
export async function createDisk(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await promisify(execFile)('qemu-img', ['create', '-q', '-f', 'qcow2', file, '64M']);
}
