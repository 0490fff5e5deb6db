import { expect, it } from 'vitest';
import { recallView, rememberView } from './view-memory';

function storage(entries: Record<string, string> = {}): Storage {
  const map = new Map(Object.entries(entries));
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
  } as unknown as Storage;
}

it('keeps each machine’s view apart', () => {
  const kept = storage();
  rememberView('one', { scaling: 'actual', resizeGuest: false, statusBar: false }, kept);
  expect(recallView('one', kept)).toEqual({ scaling: 'actual', resizeGuest: false, statusBar: false });
  expect(recallView('two', kept)).toEqual({ scaling: 'fit', resizeGuest: true, statusBar: true });
});

it.each(['', 'null', '7', '[]', '{"scaling":3}', '{'])('does not stumble over %j', (text) => {
  const view = recallView('one', storage({ 'console-view:one': text }));
  expect(view).toEqual({ scaling: 'fit', resizeGuest: true, statusBar: true });
});
