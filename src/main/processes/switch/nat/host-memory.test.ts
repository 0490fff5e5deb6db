import { describe, expect, it } from 'vitest';
import { HostMemory } from './host-memory';

describe('the memory that the host’s data pass through', () => {
  it.each([
    // Capacity, the length of segments, and what is read at once.
    [1024 * 1024, 65_480, 4 * 65_480],
    [1024 * 1024, 8960, 29 * 8960],
    [1024 * 1024, 1460, 179 * 1460],
    [16 * 1024, 1460, 11 * 1460],
    // Less than one segment: what there is room for.
    [16 * 1024, 65_480, 16 * 1024],
  ])(
    'reads, of at most %i bytes, as many whole segments of %i as there is room for',
    (most, segment, read) => {
      expect(new HostMemory().reading(most, segment).length).toBe(read);
    },
  );
});
