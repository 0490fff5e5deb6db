import { describe, expect, it } from 'vitest';
import { searchDomains, toldDomains } from './search-domains';

describe('the domains in which short names are looked for', () => {
  it('are read as resolvers read them: the last line counts, and what is no name does not', () => {
    const text =
      'nameserver 192.0.2.1\ndomain old.example\n# search no.example\nsearch\tCorp.example. lab.example  -x- .\n';
    expect(searchDomains(text)).toEqual(['corp.example', 'lab.example']);
    expect(searchDomains('nameserver ::1\n')).toEqual([]);
  });

  it('are told as far as there is room, the network’s own first', () => {
    expect(toldDomains('vm.internal', ['corp.example', 'VM.internal', 'corp.example'])).toEqual([
      'vm.internal',
      'corp.example',
    ]);
    const many = Array.from({ length: 50 }, (_, index) => `a-rather-long-name-${index}.example`);
    const told = toldDomains('vm.internal', many);
    expect(told.length).toBeGreaterThan(5);
    expect(told.reduce((sum, name) => sum + name.length + 2, 0)).toBeLessThanOrEqual(255);
  });
});
