import { type FakeAgentKind, isAgentKind } from './fake-agent';

/** What the shell of a fake machine can do to the machine that it runs in. */
export interface FakeShellHost {
  readonly counter: number;
  /** Puts text on the first disk. @throws Failure */
  writeDisk(text: string): Promise<void>;
  /** The text that was put there. @throws Failure */
  readDisk(): Promise<string>;
  /** The first bytes of the medium in a drive as text, or null when it is empty. */
  readMedium(drive: string): Promise<string | null>;
  setGraphics(on: boolean): void;
  listenToPowerButton(): void;
  powerOffByGuest(): void;
  crash(): void;
  /** Fails once; resolves when it has been tried again. */
  diskError(): Promise<void>;
  hang(): void;
  /** Installs a guest agent of some kind. */
  setAgent(kind: FakeAgentKind): void;
  /** What the agent has been asked to do. */
  describeAgent(): string;
  /** From now on a snapshot's memory takes its time. */
  writeMemorySlowly(): void;
  /** From now on merging images takes its time. */
  mergeSlowly(): void;
}

const sum = /\$\(\((-?\d+)\s*([-+*])\s*(-?\d+)\)\)/g;

function expand(text: string): string {
  return text.replace(sum, (_whole, left: string, sign: string, right: string) => {
    const a = BigInt(left);
    const b = BigInt(right);
    return String(sign === '*' ? a * b : sign === '+' ? a + b : a - b);
  });
}

/** A line-oriented shell, enough to test whatever talks to a guest. */
export class FakeShell {
  #line = '';

  constructor(
    private readonly host: FakeShellHost,
    private readonly print: (text: string) => void,
  ) {}

  greet(): void {
    this.print('Fake machine ready\r\nfake# ');
  }

  /** A byte from the serial port or a key. */
  async input(byte: number): Promise<void> {
    if (byte === 0x0a || byte === 0x0d) {
      const line = this.#line.trim();
      this.#line = '';
      this.print('\r\n');
      await this.#run(line);
      this.print('fake# ');
    } else if (byte === 0x08 || byte === 0x7f) {
      if (this.#line) this.print('\b \b');
      this.#line = this.#line.slice(0, -1);
    } else if (byte >= 0x20 && byte < 0x7f && this.#line.length < 1000) {
      this.#line += String.fromCharCode(byte);
      this.print(String.fromCharCode(byte));
    }
  }

  async #run(line: string): Promise<void> {
    const [command = '', ...words] = line.split(' ');
    const rest = words.join(' ');
    const { host } = this;
    const say = (text: string): void => this.print(`${text}\r\n`);
    switch (command) {
      case '':
        break;
      case 'echo':
        say(expand(rest));
        break;
      case 'counter':
        say(`counter=${host.counter}`);
        break;
      case 'disk-write':
        await host.writeDisk(rest);
        say('written');
        break;
      case 'disk-read':
        say(`disk=${await host.readDisk()}`);
        break;
      case 'medium':
        say(`medium=${(await host.readMedium(rest)) ?? '(none)'}`);
        break;
      case 'graphics':
      case 'text':
        host.setGraphics(command === 'graphics');
        say(command);
        break;
      case 'listen':
        host.listenToPowerButton();
        say('listening');
        break;
      case 'poweroff':
        host.powerOffByGuest();
        break;
      case 'crash':
        host.crash();
        break;
      case 'disk-error':
        await host.diskError();
        say('disk works again');
        break;
      case 'hang':
        host.hang();
        break;
      case 'agent':
        if (isAgentKind(rest)) host.setAgent(rest);
        say(`agent: ${host.describeAgent()}`);
        break;
      case 'slow-memory':
        host.writeMemorySlowly();
        say('memory is slow now');
        break;
      case 'slow-merge':
        host.mergeSlowly();
        say('merging is slow now');
        break;
      default:
        say(`${command}: not found`);
    }
  }
}
