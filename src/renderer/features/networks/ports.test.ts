import { condition, conditionPresets } from '@shared/network/condition';
import { describe, expect, it } from 'vitest';
import { presetOf, sshCommand, webAddress } from './ports';

const forward = { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 };

describe('forwarded ports', () => {
  it('lead a browser to what it understands', () => {
    expect(webAddress(forward)).toBe('http://127.0.0.1:8080/');
    expect(webAddress({ ...forward, hostAddress: '0.0.0.0', guestPort: 443 })).toBe(
      'https://127.0.0.1:8080/',
    );
    expect(webAddress({ ...forward, guestPort: 5432 })).toBeUndefined();
    expect(webAddress({ ...forward, protocol: 'udp' })).toBeUndefined();
  });

  it('lead a terminal to SSH', () => {
    expect(sshCommand({ ...forward, guestPort: 22 })).toBe('ssh -p 8080 127.0.0.1');
    expect(sshCommand(forward)).toBeUndefined();
  });
});

describe('conditions', () => {
  it('are known by their names', () => {
    expect(presetOf(undefined)).toBe('none');
    expect(presetOf({ ...conditionPresets.satellite })).toBe('satellite');
    expect(presetOf(condition.parse({ latencyMs: 7 }))).toBe('custom');
  });
});
