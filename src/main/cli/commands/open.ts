import { Failure } from '@shared/errors';
import { openInBrowser } from '../../server/browser-shell';
import { askToShow } from '../../platform/instance';
import { findMachine } from '../find';
import { openApp } from '../open-app';
import { printResult } from '../output';
import { parseWords } from './options';
import type { SpecialCommand } from './special';

/** `vivarium open`: the window, or the page, in front. */
export const open: SpecialCommand = {
  words: ['open'],
  usage: '[MACHINE]',
  summary: "Shows Vivarium's window, or a machine's console; without the app, a page in the browser",
  options: [],
  details: [
    'Machines that run in the background go on; the window shows them. Where there is no browser either, an address is printed that lets in one browser, once.',
  ],
  examples: ['vivarium open', 'vivarium open Trial'],
  async run(words, { client: connected, program, dataFolder, output }) {
    const [machine] = parseWords(words, 0, ['MACHINE']);
    const { startApp } = program;
    if (startApp) await openApp(() => startApp(dataFolder), dataFolder);
    const client = await connected();
    const { shell } = await client.call('app.info', {});
    if (shell === 'electron') {
      if (machine === undefined) await askToShow(dataFolder);
      else await client.call('machine.openConsole', { id: await findMachine(client, machine) });
      return 0;
    }
    const id = machine === undefined ? undefined : await findMachine(client, machine);
    const address = (await askToShow(dataFolder))?.address;
    if (!address) throw new Failure('host.unavailable', 'There is neither a window nor a page to show.');
    // The page's own address of a console, to which the token leads on.
    const page = id === undefined ? address : `${address}&machine=${id}`;
    const opened = await openInBrowser(page);
    if (output.json) printResult(output, { address: page, opened });
    else if (!opened) output.line(page);
    return 0;
  },
};
