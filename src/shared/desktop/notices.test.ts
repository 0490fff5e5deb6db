import { describe, expect, it } from 'vitest';
import { type ErrorValue, Failure } from '../errors';
import type { Job } from '../ipc/contract';
import type { MachineState } from '../machine/state';
import { NoticeWatcher } from './notices';
import { noticeText } from './notice-text';
import { phrase } from '../phrases/phrase';

const id = 'abcdefgh01234567';
const full: ErrorValue = { code: 'file.no-space', message: 'No space is left.' };

function machine(watcher: NoticeWatcher, state: MachineState, problem: ErrorValue | null = null) {
  return watcher.see({
    name: 'machine.changed',
    value: {
      id,
      name: 'Alpha',
      folder: '/x',
      state,
      config: null,
      inaccessible: false,
      problem,
      runtime: null,
      savedAt: null,
    },
  });
}

function kinds(...states: (MachineState | [MachineState, ErrorValue])[]): (string | undefined)[] {
  const watcher = new NoticeWatcher();
  return states.map((state) =>
    Array.isArray(state) ? machine(watcher, ...state)?.kind : machine(watcher, state)?.kind,
  );
}

describe('machines', () => {
  it('that stop by themselves are worth a word, those that are stopped are not', () => {
    expect(kinds('starting', 'running', 'off')).toEqual([undefined, undefined, 'stopped']);
    expect(kinds('running', 'stopping', 'off')).toEqual([undefined, undefined, undefined]);
    expect(kinds('running', 'saving', 'saved')).toEqual([undefined, undefined, undefined]);
    expect(kinds('paused', 'off')).toEqual([undefined, 'stopped']);
    expect(kinds('off')).toEqual([undefined]);
  });

  it('that were aborted, or paused by a problem, say why', () => {
    expect(kinds('running', ['aborted', full])).toEqual([undefined, 'aborted']);
    expect(kinds('running', ['paused', full])).toEqual([undefined, 'diskFull']);
    expect(kinds('running', ['paused', { ...full, code: 'file.io' }])).toEqual([undefined, 'paused']);
    expect(kinds('running', 'paused')).toEqual([undefined, undefined]);
    // Told once.
    expect(kinds('running', ['paused', full], ['paused', full])).toEqual([undefined, 'diskFull', undefined]);
  });

  it('are not compared with one that had the same id and is gone', () => {
    const watcher = new NoticeWatcher();
    machine(watcher, 'running');
    watcher.see({ name: 'machine.removed', value: { id } });
    expect(machine(watcher, 'off')).toBeUndefined();
  });
});

describe('snapshots', () => {
  const job = (state: Job['state'], more: Partial<Job> = {}): Job => ({
    id: 'j',
    kind: 'snapshot',
    subject: id,
    title: 'Alpha',
    state,
    done: 0,
    total: null,
    unit: 'bytes',
    cancellable: true,
    error: null,
    result: null,
    ...more,
  });
  const last = (...jobs: Job[]) => {
    const watcher = new NoticeWatcher();
    return jobs.map((value) => watcher.see({ name: 'job.changed', value })).at(-1);
  };

  it('that are done, or could not be taken, lead to the page of snapshots', () => {
    expect(last(job('running'), job('done'))).toMatchObject({
      kind: 'snapshotDone',
      target: { kind: 'snapshots', id },
    });
    const failed = last(job('running'), job('failed', { error: full }));
    expect(failed?.kind).toBe('snapshotFailed');
    if (!failed) return;
    expect(noticeText(failed, 'en').body).toContain('No space is left.');
    // The reason is said in the person's language, too, where it is one of fixed wording.
    const crashed = new Failure('machine.crashed', phrase('problem.crashedSignal', { signal: 'SIGSEGV' }));
    const { title, body } = noticeText({ ...failed, error: crashed.toValue() }, 'zh-CN');
    expect(body).toMatch(/^“Alpha”.*\p{Script=Han}.*SIGSEGV/u);
    expect(title + body).not.toMatch(/process|killed/);
  });

  it('that were cancelled, taken by the clock, or done before anybody listened are not worth a word', () => {
    expect(last(job('running'), job('cancelled'))).toBeUndefined();
    expect(last(job('running'), job('done', { automatic: true }))).toBeUndefined();
    expect(last(job('running'), job('failed', { automatic: true }))?.kind).toBe('snapshotFailed');
    expect(last(job('done'))).toBeUndefined();
    expect(last(job('running', { kind: 'clone' }), job('done', { kind: 'clone' }))).toBeUndefined();
  });
});
