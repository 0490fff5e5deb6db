import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock';
import { bindingLifeMs, Bindings, maxBindings, maxPerCard, maxPerStation } from './bindings';

const address = (number: number): string => `fd00${String(number).padStart(12, '0')}`;

describe('whose an IPv6 address is', () => {
  it('is said by its first use, for as long as that goes on', () => {
    const clock = new VirtualClock();
    const bindings = new Bindings(clock);
    const [owner, thief] = [
      { mac: 1, card: 'a' },
      { mac: 2, card: 'b' },
    ];
    expect(bindings.claim(address(1), owner)).toBe(true);
    clock.advance(bindingLifeMs - 1);
    expect([bindings.claim(address(1), thief), bindings.claim(address(1), owner)]).toEqual([false, true]);
    clock.advance(bindingLifeMs + 1);
    expect(bindings.claim(address(1), thief)).toBe(true);
    expect(bindings.owner(address(1))).toBe(2);
  });

  it('is remembered of so many, for a station and for a card, and nobody is forgotten for another card', () => {
    const bindings = new Bindings(new VirtualClock());
    bindings.claim(address(0), { mac: 1, card: 'a' });
    for (let number = 1; number < 1000; number++) bindings.claim(address(number), { mac: 2, card: 'b' });
    expect(bindings.size).toBe(1 + maxPerStation);
    // Hardware addresses are invented as easily.
    for (let number = 1; number < 10_000; number++)
      bindings.claim(address(number), { mac: 2 + number, card: 'b' });
    expect(bindings.size).toBe(1 + maxPerCard);
    expect(bindings.owner(address(0))).toBe(1);
    for (let number = 0; number < 2 * maxBindings; number++) {
      bindings.claim(address(20_000 + number), { mac: 20_000 + number, card: `card ${number}` });
    }
    expect(bindings.size).toBe(maxBindings);
  });
});
