import { describe, expect, it } from 'vitest';
import { exitOf } from './exit-status';

describe('how a utility process ended', () => {
  it.each([
    [0, { code: 0, signal: null }],
    [1, { code: 1, signal: null }],
    [9, { code: null, signal: 'SIGKILL' }],
    [11, { code: null, signal: 'SIGSEGV' }],
    [137, { code: 137, signal: null }],
  ])('%i', (code, exit) => {
    expect(exitOf(code, 'linux')).toEqual(exit);
  });

  it('is never a signal on Windows', () => {
    expect(exitOf(9, 'win32')).toEqual({ code: 9, signal: null });
  });
});
