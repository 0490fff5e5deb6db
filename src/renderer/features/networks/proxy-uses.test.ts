import { describe, expect, it } from 'vitest';
import { proxyUses } from './proxy-uses';

describe('the ways to use a proxy', () => {
  it('name the machine as the network calls it', () => {
    const texts = proxyUses(1080, 'Büro Server (2)', 'vm.internal').map(({ text }) => text);
    expect(texts).toContain('socks5h://127.0.0.1:1080');
    expect(texts).toContain('curl --proxy socks5h://127.0.0.1:1080 http://buro-server-2/');
    expect(texts.find((text) => text.startsWith('chromium'))).toContain(' http://buro-server-2.vm.internal/');
  });

  it('are there for a network without machines', () => {
    expect(proxyUses(1081, undefined, 'lab').at(-1)?.text).toMatch(/ machine$/);
  });
});
