import { expect, it } from 'vitest';
import { purposeOf, wordsFor } from './purpose';

it('is the app unless it is told otherwise', () => {
  for (const words of [
    [],
    ['--data', 'x'],
    ['--', 'list'],
    ['a.iso', '--', '--command-line'],
    ['--command-line'],
  ]) {
    expect(purposeOf(['/opt/Vivarium/vivarium', ...words])).toEqual({ purpose: 'app', words: [] });
  }
});

it('takes everything after -- for a command, whatever it looks like', () => {
  const words = ['start', '--', '--command-line', '--no-sandbox', 'a b'];
  const program = ['/opt/Vivarium/vivarium', ...wordsFor('--command-line', words)];
  expect(purposeOf(program)).toEqual({ purpose: 'command-line', words });
  expect(purposeOf(['x', ...wordsFor('--browser-mode', [])])).toEqual({ purpose: 'browser-mode', words: [] });
});

it('carries out no command that follows a link', () => {
  const link = 'vivarium://open/0123456789abcdef';
  expect(purposeOf(['vivarium', link, '--command-line', '--', 'delete', 'Trial', 'erase']).purpose).toBe(
    'app',
  );
  expect(purposeOf(['vivarium', '--command-line', '--', 'create', link]).purpose).toBe('command-line');
});
