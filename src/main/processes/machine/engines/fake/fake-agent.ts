import { Failure } from '@shared/errors';

/** No agent, one that does what it is asked, one that freezes without a word, and one that thaws reluctantly. */
const agentKinds = ['none', 'willing', 'silent', 'reluctant'] as const;
export type FakeAgentKind = (typeof agentKinds)[number];

export function isAgentKind(text: string): text is FakeAgentKind {
  return (agentKinds as readonly string[]).includes(text);
}

/** The guest agent of a fake machine, which keeps a record of what it was asked to do. */
export class FakeAgent {
  kind: FakeAgentKind = 'none';
  readonly history: string[] = [];
  #refusals = 0;

  async freeze(): Promise<boolean> {
    if (this.kind === 'none') return false;
    this.history.push('frozen');
    if (this.kind === 'silent') throw new Failure('timeout', 'The agent says nothing.');
    this.#refusals = this.kind === 'reluctant' ? 1 : 0;
    return true;
  }

  async setClock(): Promise<boolean> {
    if (this.kind === 'none') return false;
    this.history.push('clock');
    return true;
  }

  async thaw(): Promise<void> {
    if (this.#refusals-- > 0) throw new Failure('timeout', 'The agent says nothing.');
    this.history.push('thawed');
  }
}
