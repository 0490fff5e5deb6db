import { describe, expect, it } from 'vitest';
import { Failure, hintOf, saidBy, toFailure } from '../errors';
import { errorValue } from '../ipc/messages';
import { phraseIn } from './languages';
import { phrase, phraseRef } from './phrase';
import { phrases } from './table';

describe('a phrase', () => {
  it('is filled in, also with another one', () => {
    const end = phrase('qemuEnd.status', { status: 3 });
    const said = phrase('qemuEnd.because', { cause: phrase('qemuEnd.noSpace'), end });
    expect(said.text).toBe('No space is left on a disk of this computer. QEMU ended with status 3.');
    expect(phraseRef.parse(JSON.parse(JSON.stringify(said.ref)))).toEqual({
      key: 'qemuEnd.because',
      params: { cause: { key: 'qemuEnd.noSpace' }, end: { key: 'qemuEnd.status', params: { status: 3 } } },
    });
  });

  it('leaves what nobody fills in as it is, and does not look into what is filled in', () => {
    expect(phrase('qemu.noEmulator').text).toContain('{architecture}');
    expect(phrase('engine.noSuchEngine', { engine: '{engine}' }).text).toContain('“{engine}”');
  });

  it('is said in another language, with what is filled in, as far as that is known', () => {
    const reason = phrase('qemuEnd.because', {
      cause: phrase('qemuEnd.noSpace'),
      end: phrase('qemuEnd.status', { status: 3 }),
    });
    expect(phraseIn('en', reason.ref, 'x')).toBe(reason.text);
    const said = phraseIn('zh-CN', reason.ref, reason.text);
    expect(said).toMatch(/\p{Script=Han}.*3/u);
    expect(said).not.toMatch(/\{|[a-z]{4}/);
    expect(phraseIn('zh-CN', { key: 'of.another-version' }, 'As it was said.')).toBe('As it was said.');
    expect(phraseIn('zh-CN', undefined, 'As it was said.')).toBe('As it was said.');
  });

  it('has no character that the catalogue of messages takes for something else', () => {
    const texts = Object.values(phrases).flatMap((group) => Object.values(group) as string[]);
    expect(texts.filter((text) => /[@|]|[{}](?<!\{\w+\}|\{(?=\w+\}))/.test(text))).toEqual([]);
  });

  it('is still one within the sentence of another error', () => {
    const below = new Failure('file.io', phrase('file.unreadable', { path: '/a' }), {
      hint: phrase('problem.noSpaceHint'),
    });
    const above = new Failure('file.io', phrase('upload.failed', { name: 'b', reason: saidBy(below) }), {
      hint: hintOf(below.toValue()),
    }).toValue();
    expect(above.message).toBe('“b” could not be stored: The file /a cannot be read.');
    expect(phraseIn('zh-CN', above.phrases?.message, '')).toBe('无法存储“b”：无法读取文件 /a。');
    expect(phraseIn('zh-CN', above.phrases?.hint, '')).toMatch(/空间/);
    expect(saidBy(new Error('As it came.'))).toBe('As it came.');
    expect(hintOf(new Error('As it came.'))).toBeUndefined();
  });

  it('goes with an error through every process', () => {
    const failure = new Failure('engine.not-found', phrase('qemu.notInstalled'), {
      hint: phrase('qemu.install', { command: 'apt install qemu' }),
    });
    const value = errorValue.parse(JSON.parse(JSON.stringify(failure.toValue())));
    expect(value).toMatchObject({
      message: 'QEMU is not installed on this computer.',
      hint: 'Install QEMU: apt install qemu',
      phrases: { message: { key: 'qemu.notInstalled' }, hint: { params: { command: 'apt install qemu' } } },
    });
    expect(toFailure(value).toValue()).toEqual(value);
    expect(new Failure('internal', 'plain').toValue()).toEqual({ code: 'internal', message: 'plain' });
  });
});
