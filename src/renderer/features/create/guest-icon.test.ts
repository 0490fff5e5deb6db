import { describe, expect, it } from 'vitest';
import { guests } from '@shared/guests/table';
import { guestIcon } from './guest-icon';

describe('guestIcon', () => {
  it('has the icon of every guest of the table', () => {
    for (const { id, icon } of guests) expect(guestIcon(id)).toBe(`i-lucide-${icon}`);
  });
});
