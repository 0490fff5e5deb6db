import { describe, expect, it } from 'vitest';
import { portsFrom, portsText } from './rule-text';

describe('ports of a rule', () => {
  it.each([
    ['80', { first: 80, last: 80 }],
    ['8000-8100', { first: 8000, last: 8100 }],
    [' 1 – 65535 ', { first: 1, last: 65_535 }],
    ['', null],
  ])('%j are %j', (text, ports) => {
    expect(portsFrom(text)).toEqual(ports);
    expect(portsFrom(portsText(ports))).toEqual(ports);
  });

  it.each(['0', '65536', '9-8', '80,81', 'http', '-'])('%j are none', (text) => {
    expect(portsFrom(text)).toBeUndefined();
  });
});
