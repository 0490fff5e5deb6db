import { expect, it } from 'vitest';
import { noticeKinds } from '../notices';
import { desktopTexts, fill } from '.';
import { en } from './en';
import { zhCN } from './zh-CN';

const flat = (texts: object): [string, string][] =>
  Object.entries(texts).flatMap(([group, inner]) =>
    Object.entries(inner as Record<string, string>).map(([key, text]): [string, string] => [
      `${group}.${key}`,
      text,
    ]),
  );
const placeholders = (text: string): string => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();

it('says everything in both languages, with the same things filled in', () => {
  const english = new Map(flat(en));
  for (const [key, text] of flat(zhCN)) {
    expect(text.trim(), key).not.toBe('');
    expect(placeholders(text), key).toBe(placeholders(english.get(key) ?? ''));
  }
  expect(flat(zhCN).map(([key]) => key)).toEqual([...english.keys()]);
});

it('has a title and a text for every notice', () => {
  for (const kind of noticeKinds) {
    expect(en.notice[kind]).toBeTruthy();
    expect(en.notice[`${kind}Text`]).toBeTruthy();
  }
});

it('follows the preference, and the system where that is the preference', () => {
  expect(desktopTexts('system', 'zh-TW')).toBe(zhCN);
  expect(desktopTexts('system', 'de')).toBe(en);
  expect(desktopTexts('en', 'zh')).toBe(en);
  expect(fill('{name} {other}', { name: 'a {name}' })).toBe('a {name} {other}');
});
