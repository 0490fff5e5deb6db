import { parseArgs } from 'node:util';

/** What browser mode's command line asks for. */
export interface ServerArguments {
  /** 0: any that is free. */
  port: number;
  open: boolean;
  dataFolder: string | undefined;
  /** Ends by itself when nothing runs and nobody is attached: started by a command for its machines' sake. */
  untilIdle: boolean;
  /** The address is printed as JSON. */
  json: boolean;
  help: boolean;
}

export const usage = `Usage: server [--port PORT] [--data=FOLDER] [--open] [--json] [--until-idle]

  --port PORT     listens on this port of 127.0.0.1; without it, on any that is free
  --data=FOLDER   where the machines are
  --open          opens the system's browser
  --json          prints the address as JSON
  --until-idle    ends when no machine runs and nobody looks
`;

/** @throws Error with a message for a person when an argument makes no sense */
export function parseServerArguments(words: readonly string[]): ServerArguments {
  const { values } = parseArgs({
    args: [...words],
    options: {
      port: { type: 'string', default: '0' },
      data: { type: 'string' },
      open: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'until-idle': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : NaN;
  if (!(port <= 65_535)) throw new Error(`--port takes a number from 0 to 65535, not “${values.port}”.`);
  return {
    port,
    open: values.open,
    dataFolder: values.data || undefined,
    json: values.json,
    untilIdle: values['until-idle'],
    help: values.help,
  };
}
