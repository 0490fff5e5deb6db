import { describe, expect, it } from 'vitest';
import { bytesOfBase64, datedFileName } from './download';

describe('datedFileName', () => {
  const time = new Date(2026, 4, 9, 7, 3, 5);

  it('has the name and the time', () => {
    expect(datedFileName('Debian 12', 'png', time)).toBe('Debian 12 2026-05-09 07.03.05.png');
  });

  it('replaces what file systems refuse, and nothing else', () => {
    expect(datedFileName('a/b\\c:d*e?"f"<g>|h\u0007', 'log', time)).toBe(
      'a_b_c_d_e__f__g__h_ 2026-05-09 07.03.05.log',
    );
    expect(datedFileName('测试机 🌱', 'png', time)).toBe('测试机 🌱 2026-05-09 07.03.05.png');
    expect(datedFileName(' ', 'png', time)).toBe('machine 2026-05-09 07.03.05.png');
  });
});

describe('bytesOfBase64', () => {
  it('gives the bytes', () => {
    expect([...bytesOfBase64('iVBORw0=')]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d]);
  });
});
