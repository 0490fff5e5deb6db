import { describe, expect, it } from 'vitest';
import { errorText } from './errors';
import { formatBytes, formatMiB, formatPercent } from './format';
import { guests } from '@shared/guests/table';
import { guestLook } from './guest';
import { combination, isTyping } from '../composables/shortcuts';

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1536, '1.5 KiB'],
    [20 * 1024 * 1024, '20 MiB'],
    [1024 ** 4 * 5000, '5,000 TiB'],
    [-1, '0 B'],
  ])('shows %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes, 'en')).toBe(text);
  });

  it('shows MiB and shares', () => {
    expect(formatMiB(512, 'en')).toBe('512 MiB');
    expect(formatMiB(2048, 'en')).toBe('2 GiB');
    expect(formatPercent(0.256, 'en')).toBe('26%');
  });
});

describe('errors', () => {
  it('have a title, main’s sentence, what to do, and what led to them', () => {
    const text = errorText({
      code: 'file.no-space',
      message: 'The disk is full.',
      hint: 'Free some space.',
      cause: { code: 'file.io', message: 'write failed', cause: { code: 'internal', message: 'ENOSPC' } },
    });
    expect(text).toEqual({
      title: 'No space left on the disk',
      message: 'The disk is full.',
      hint: 'Free some space.',
      causes: ['file.io: write failed', 'internal: ENOSPC'],
    });
  });

  it('are made of anything that was thrown', () => {
    expect(errorText('boom')).toMatchObject({ title: 'Something unexpected went wrong', message: 'boom' });
  });
});

describe('guests', () => {
  it('are recognised by the first id that is known', () => {
    expect(guestLook('freedos').icon).toBe('i-lucide-square-terminal');
    expect(guestLook('unheard-of', 'linux')).toEqual(guestLook('linux'));
    expect(guestLook('unheard-of').icon).toBe('i-lucide-monitor');
    const unknown = guests.filter(({ id }) => guestLook(id) === guestLook('unheard-of'));
    expect(unknown.map(({ id }) => id)).toEqual(['other']);
  });
});

describe('shortcuts', () => {
  const key = (init: KeyboardEventInit): string => combination(new KeyboardEvent('keydown', init));

  it('are named by their keys', () => {
    expect(key({ key: 'n', ctrlKey: true })).toBe('Mod+N');
    expect(key({ key: 'F2' })).toBe('F2');
    expect(key({ key: 'Delete', shiftKey: true })).toBe('Shift+Delete');
  });

  it('leave text fields alone', () => {
    expect(isTyping(document.createElement('input'))).toBe(true);
    expect(isTyping(document.createElement('button'))).toBe(false);
    expect(isTyping(null)).toBe(false);
  });
});
