import { longestText } from '@shared/ipc/text-frames';
import type { ClipboardSharing } from '@shared/machine/config';
import {
  agentCapability,
  agentMessage,
  type AgentMessage,
  clipboardSelection,
  clipboardType,
  encodeAgentMessage,
  readWords,
  words,
} from './agent-messages';

/** What a session tells. */
export interface ClipboardNews {
  /** Bytes for the guest's agent. False: what was sent before has not been taken yet, so nothing was sent. */
  send(bytes: Uint8Array): boolean;
  /** A text was put on the guest's clipboard. */
  guestText(text: string): void;
}

const ours = words((1 << agentCapability.clipboardByDemand) | (1 << agentCapability.clipboardSelection));

/**
 * One conversation with a guest's agent about clipboards. Each side says that it has something (a grab), and the
 * other asks for it when it is wanted. This side wants a guest's text at once, and gives the host's when asked.
 * What the setting does not allow is not said, not asked for, and not answered: the guest is not trusted.
 */
export class ClipboardSession {
  #capabilities: number | undefined;
  /** What the host's clipboard has for the guest. */
  #hostText: string | undefined;
  /** What the guest has given us last, while its clipboard holds it. */
  #guestText: string | undefined;
  /** Questions for the guest's text that have not been answered. */
  #asked = 0;

  constructor(
    private readonly sharing: ClipboardSharing,
    private readonly news: ClipboardNews,
  ) {}

  /** Longest data of a message that is of interest. */
  static readonly longestMessage = longestText + 64;

  /** An agent may listen from now on, with nothing of what was said before. */
  begin(): void {
    this.#capabilities = undefined;
    this.#guestText = undefined;
    this.#asked = 0;
    if (this.sharing !== 'off') this.#announce(true);
  }

  /** The host's clipboard has a new text. */
  offer(text: string): void {
    if (!this.#toGuest || text === this.#guestText) return;
    this.#hostText = text;
    this.#guestText = undefined;
    this.#grab();
  }

  receive({ type, data }: AgentMessage): void {
    if (this.sharing === 'off') return;
    switch (type) {
      case agentMessage.announceCapabilities:
        this.#announced(readWords(data));
        break;
      case agentMessage.clipboardGrab:
        this.#grabbed(data);
        break;
      case agentMessage.clipboardRequest:
        this.#requested(data);
        break;
      case agentMessage.clipboard:
        this.#given(data);
        break;
      case agentMessage.clipboardRelease:
        if (this.#selection(data)) this.#guestText = undefined;
        break;
    }
  }

  get #toGuest(): boolean {
    return this.sharing === 'host-to-guest' || this.sharing === 'both';
  }

  get #toHost(): boolean {
    return this.sharing === 'guest-to-host' || this.sharing === 'both';
  }

  #can(bit: number): boolean {
    return this.#capabilities !== undefined && (this.#capabilities & (1 << bit)) !== 0;
  }

  #announce(request: boolean): void {
    this.#send(agentMessage.announceCapabilities, concat(words(request ? 1 : 0), ours));
  }

  #announced([request = 0, capabilities = 0]: number[]): void {
    this.#capabilities = capabilities;
    if (request !== 0) this.#announce(false);
    if (this.#hostText !== undefined) this.#grab();
  }

  #grab(): void {
    if (this.#can(agentCapability.clipboardByDemand)) {
      this.#sendSelected(agentMessage.clipboardGrab, words(clipboardType.text));
    }
  }

  #grabbed(data: Uint8Array): void {
    const types = this.#selection(data);
    if (!types) return;
    // The guest's clipboard holds something of its own now.
    this.#hostText = undefined;
    this.#guestText = undefined;
    if (!this.#toHost || !readWords(types).includes(clipboardType.text)) return;
    if (this.#sendSelected(agentMessage.clipboardRequest, words(clipboardType.text))) this.#asked++;
  }

  #requested(data: Uint8Array): void {
    const rest = this.#selection(data);
    if (!rest) return;
    const text = readWords(rest)[0] === clipboardType.text && this.#toGuest ? this.#hostText : undefined;
    if (text === undefined) {
      this.#sendSelected(agentMessage.clipboard, words(clipboardType.none));
      return;
    }
    const lines = this.#can(agentCapability.guestLineEndCrlf) ? text.replace(/\r?\n/g, '\r\n') : text;
    this.#sendSelected(
      agentMessage.clipboard,
      concat(words(clipboardType.text), new TextEncoder().encode(lines)),
    );
  }

  #given(data: Uint8Array): void {
    const rest = this.#selection(data);
    if (!rest || this.#asked === 0) return;
    this.#asked--;
    if (readWords(rest)[0] !== clipboardType.text || rest.length < 4) return;
    // Some agents send the NUL at the end of their string too.
    const text = new TextDecoder().decode(rest.subarray(4)).replace(/\0+$/, '');
    this.#guestText = this.#can(agentCapability.guestLineEndCrlf) ? text.replaceAll('\r\n', '\n') : text;
    this.news.guestText(this.#guestText);
  }

  /** What follows the name of the selection; undefined when it is another one than the clipboard. */
  #selection(data: Uint8Array): Uint8Array | undefined {
    if (!this.#can(agentCapability.clipboardSelection)) return data;
    return data[0] === clipboardSelection ? data.subarray(4) : undefined;
  }

  #sendSelected(type: number, data: Uint8Array): boolean {
    const selected = this.#can(agentCapability.clipboardSelection);
    return this.#send(type, selected ? concat(words(clipboardSelection), data) : data);
  }

  #send(type: number, data: Uint8Array): boolean {
    return this.news.send(encodeAgentMessage(type, data));
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
