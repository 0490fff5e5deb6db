import { expect, it } from 'vitest';
import { isForBrowser } from './outside-link';

it('lets pages of the world and forwarded ports be opened in a browser, and nothing else', () => {
  const forwards = ['http://127.0.0.1:8080/', 'https://127.0.0.1:8443/', 'http://192.168.7.7:80/'];
  for (const link of ['https://www.qemu.org/', ...forwards]) {
    expect([link, isForBrowser(link)]).toEqual([link, true]);
  }
  for (const link of [
    ...['http://www.qemu.org/', 'http://user@127.0.0.1/', 'https://user:secret@example.org/'],
    ...['file:///etc/passwd', 'ssh://127.0.0.1/', 'javascript:alert(1)', 'vbscript:x', '', 'about:blank'],
  ]) {
    expect([link, isForBrowser(link)]).toEqual([link, false]);
  }
});
