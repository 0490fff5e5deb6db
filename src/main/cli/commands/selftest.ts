import type { SelftestResult } from '@shared/ipc/contract';
import { exitStatus } from '../exit-status';
import { waitForJob } from '../jobs';
import { printResult } from '../output';
import { parseWords } from './options';
import type { SpecialCommand } from './special';

/** `vivarium selftest`: whether machines work here. */
export const selftest: SpecialCommand = {
  words: ['selftest'],
  usage: '[ENGINE]',
  summary: 'Boots Starter Linux without a screen and says whether its shell answered',
  options: [],
  details: ['ENGINE is v86, the embedded one, if not said. The exit status is 1 when it did not work.'],
  examples: ['vivarium selftest', 'vivarium selftest qemu --json'],
  async run(words, { client: connected, output }) {
    const [engine = 'v86'] = parseWords(words, 0, ['ENGINE']);
    const client = await connected();
    const begun = client.call('selftest.run', { engine });
    const result = (await waitForJob(client, output, begun)) as SelftestResult;
    printResult(output, result);
    return result.ok ? exitStatus.ok : exitStatus.failed;
  },
};
