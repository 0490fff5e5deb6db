import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeFileName } from './upload';

describe('safeFileName', () => {
  it.each([
    ['debian.iso', 'debian.iso'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\images\\win 98.img', 'win 98.img'],
    ['.hidden', 'hidden'],
    ['..', 'image'],
    ['', 'image'],
    ['a<b>c:d"e|f?g*h.iso', 'a_b_c_d_e_f_g_h.iso'],
    ['nul.img', '_nul.img'],
    ['trailing. . ', 'trailing'],
    ['a\nb\u202ec.iso', 'a_b_c.iso'],
    ['机器 🌱.iso', '机器 🌱.iso'],
  ])('%j becomes %j', (given, wanted) => {
    expect(safeFileName(given)).toBe(wanted);
  });

  it('is a plain name on every system, whatever was given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (given) => {
        const name = safeFileName(given);
        expect(name).not.toBe('');
        expect(name).not.toMatch(/[/\\\0<>:"|?*]|^\.|[. ]$/);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      }),
      { numRuns: 500 },
    );
  });
});
