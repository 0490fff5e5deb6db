import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCodes, type ErrorCode } from '@shared/errors';
import { commands } from '@shared/ipc/contract';
import { parseGiven } from './call';
import { specialCommands } from './commands';
import { portsOf } from './commands/forward';
import { completionScript, shells } from './completion';
import { contractCommands, shortForms } from './contract-commands';
import { commandEntries, commandNamed, usageOf } from './entries';
import { exitStatus, statusOf } from './exit-status';
import { kebab, valueOf } from './fields';
import { findContractCommand } from './find-command';
import { pick } from './find';
import { endsInPrompt } from './goals';
import { groupHelp, helpMarkdown } from './help';
import { manPage } from './man-page';
import { printResult, table } from './output';
import { stringWidth } from './string-width';
import { summaries } from './summaries';
import { UsageError } from './usage-error';

const entries = commandEntries(specialCommands);
const given = (name: keyof typeof commands, ...words: string[]) => {
  const { values } = parseGiven(commandNamed(name), words);
  return Object.fromEntries([...values].map(([field, value]) => [field.path.join('.'), value]));
};

describe('the commands of the contract', () => {
  it('are all told in a line, and no line is about one that is gone', () => {
    expect(contractCommands.map(({ name }) => name).filter((name) => !summaries[name])).toEqual([]);
    expect(
      Object.keys(summaries).filter((name) => !contractCommands.some((one) => one.name === name)),
    ).toEqual([]);
  });

  it('have words, names of options and short forms that are theirs alone', () => {
    const words = entries.map((entry) => entry.words.join(' '));
    expect(new Set(words).size).toBe(words.length);
    const groups = new Set(contractCommands.map(({ words: [first] }) => first));
    // “clone Trial” and “clone estimate Trial” are told apart by the second word.
    const both = ['clone'];
    for (const short of [
      ...Object.keys(shortForms),
      ...specialCommands.map(({ words: [first] }) => first ?? ''),
    ]) {
      expect(groups.has(short) && !both.includes(short)).toBe(false);
    }
    for (const { positionals, options } of contractCommands) {
      const names = [...positionals, ...options].map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(
        names.filter((name) => ['json', 'data', 'help', 'no-wait', 'wait', 'timeout'].includes(name)),
      ).toEqual([]);
    }
  });

  it('are typed as people write', () => {
    expect(['powerButton', 'memoryMiB', 'list', 'videoMemoryMiB', 'checkQemuFolder'].map(kebab)).toEqual([
      'power-button',
      'memory-mib',
      'list',
      'video-memory-mib',
      'check-qemu-folder',
    ]);
    expect(usageOf(commandNamed('machine.insertMedium'))).toBe('MACHINE DRIVE [--path FILE]');
    expect(usageOf(commandNamed('machine.delete'))).toBe('MACHINE trash|erase|forget');
  });

  it('take their values by place and by name', () => {
    expect(given('machine.rename', 'Old', 'New')).toEqual({ id: 'Old', name: 'New' });
    expect(
      given('machine.configure', 'M', '--memory-mib', '512', '--no-sound', '--boot', 'cdrom,disk'),
    ).toEqual({
      id: 'M',
      'settings.memoryMiB': 512,
      'settings.sound': false,
      'settings.boot': ['cdrom', 'disk'],
    });
    expect(given('machine.insertMedium', 'M', 'cd0')).toEqual({ id: 'M', drive: 'cd0', path: null });
    expect(given('machine.insertMedium', 'M', 'cd0', '--path', 'x.iso').path).toBe(`${process.cwd()}/x.iso`);
    expect(given('snapshot.take', 'M')).toEqual({ id: 'M', memory: false });
    expect(given('snapshot.take', 'M', '--memory', '--name', 'before')).toEqual({
      id: 'M',
      memory: true,
      name: 'before',
    });
  });

  it.each([
    ['machine.start', [], 'MACHINE is missing'],
    ['machine.start', ['M', '--timeout', '5'], '--wait'],
    ['machine.pause', ['M', '--wait'], '--wait'],
    ['machine.rename', ['M', 'N', 'O'], '“O”'],
    ['machine.configure', ['M', '--memory', '512'], '--memory'],
    ['machine.configure', ['M', '--memory-mib', 'much'], 'memory-mib'],
    ['machine.delete', ['M', 'burn'], 'trash, erase, forget'],
    ['machine.configure', ['M', '--nics', '[{]'], 'JSON'],
  ] as const)('refuse %s %j and say what of it', (name, words, part) => {
    expect(() => parseGiven(commandNamed(name), words)).toThrow(UsageError);
    try {
      parseGiven(commandNamed(name), words);
    } catch (error) {
      expect((error as Error).message).toContain(part);
    }
  });

  it('refuse whatever makes no sense, and nothing else happens', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...contractCommands),
        fc.array(fc.string(), { maxLength: 6 }),
        (command, words) => {
          try {
            parseGiven(command, words);
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('values', () => {
  const field = { path: ['x'], name: 'x', required: true, nullable: true } as const;
  it('stand for nothing, numbers, lists and JSON', () => {
    expect(valueOf({ ...field, kind: 'text' }, '-')).toBeNull();
    expect(valueOf({ ...field, kind: 'number' }, '1.5')).toBe(1.5);
    expect(() => valueOf({ ...field, kind: 'number' }, '')).toThrow('number');
    expect(valueOf({ ...field, kind: 'list' }, 'a,b,,c')).toEqual(['a', 'b', 'c']);
    expect(valueOf({ ...field, kind: 'json' }, '{"a":[1]}')).toEqual({ a: [1] });
  });
});

describe('names', () => {
  const machines = [
    { id: 'aaaaaaaaaaaaaaaa', name: 'Debian' },
    { id: 'bbbbbbbbbbbbbbbb', name: 'debian' },
    { id: 'cccccccccccccccc', name: 'Debian old' },
    { id: 'dddddddddddddddd', name: 'Windows 98' },
  ];
  const found = (word: string) => pick(machines, word, 'machine', 'machine.not-found');

  it('are found by id, name, and a part that only one has', () => {
    expect(found('cccccccccccccccc')).toBe('cccccccccccccccc');
    expect(found('debian')).toBe('bbbbbbbbbbbbbbbb');
    expect(found('98')).toBe('dddddddddddddddd');
    expect(found('WINDOWS')).toBe('dddddddddddddddd');
  });

  it('that could be several, or none, are refused', () => {
    expect(() => found('DEBIAN')).toThrow(/“Debian” \(a+\), “debian” \(b+\)/);
    expect(() => found('BSD')).toThrow('There is no machine “BSD”.');
    expect(() => found('')).toThrow('There is no machine');
  });
});

describe('results', () => {
  const printed = (value: unknown, json: boolean, columns?: readonly string[]): string[] => {
    const lines: string[] = [];
    printResult(
      { json, line: (text) => lines.push(text), remark: () => {}, progress: () => {} },
      value,
      columns,
    );
    return lines;
  };

  it('are tables, lists and lines for people, and JSON for programs', () => {
    const rows = [
      { name: '机器', state: 'off', config: { memoryMiB: 64 } },
      { name: 'B', state: 'running', config: null },
    ];
    expect(printed(rows, false, ['name', 'state', 'config.memoryMiB'])).toEqual([
      'NAME  STATE    MEMORY MIB',
      '机器  off      64',
      'B     running  –',
    ]);
    expect(printed(rows, true)).toEqual(rows.map((row) => JSON.stringify(row)));
    expect(printed({ a: 1, b: { c: ['x', 'y'] }, d: [{ e: true, f: 'z' }], g: null }, false)).toEqual([
      'a: 1',
      'b:',
      '  c: x, y',
      'd:',
      '  - e: true',
      '    f: z',
    ]);
    expect(printed(['one', 'two'], false)).toEqual(['one', 'two']);
    expect([printed([], false), printed(undefined, true), printed('text', true)]).toEqual([
      [],
      [],
      ['"text"'],
    ]);
  });

  it('never make a terminal obey what a guest or a file says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        for (const line of [
          ...table([{ name }], ['name']),
          ...printed({ name }, false),
          ...printed([name], false),
        ]) {
          expect(line).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });

  it('are aligned by what a terminal shows', () => {
    expect(['abc', '机器', 'e\u0301', '🌱', 'a\u200b'].map(stringWidth)).toEqual([3, 4, 1, 2, 1]);
  });
});

it('has an exit status for every error', () => {
  const known = new Set<number>(Object.values(exitStatus));
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    expect(known.has(statusOf(code))).toBe(true);
    expect(statusOf(code)).not.toBe(exitStatus.ok);
    expect(statusOf(code)).not.toBe(exitStatus.usage);
  }
  expect(statusOf('machine.not-found')).toBe(3);
  expect(statusOf('machine.wrong-state')).toBe(4);
  expect(statusOf('disk.corrupt')).toBe(9);
});

it.each(shells)('completes every command in %s', (shell) => {
  const script = completionScript(shell, entries);
  for (const { words, options } of entries) {
    for (const word of [...words, ...options]) expect(script).toContain(word);
  }
});

describe('help', () => {
  it('has examples that the commands take', () => {
    // What is typed into a shell, without what only the shell does.
    const words = (line: string): string[] =>
      (line.split(/ [|<&]/)[0] ?? '')
        .match(/\$?'[^']*'|"[^"]*"|\S+/g)
        ?.map((word) => word.replace(/^\$?(['"])(.*)\1$/, '$2')) ?? [];
    let seen = 0;
    for (const { words: names, examples = [] } of entries) {
      for (const example of examples.filter((line) => line.startsWith('vivarium '))) {
        seen++;
        const given = words(example)
          .slice(1)
          .filter((word) => word !== '--json');
        if (specialCommands.some((one) => one.words.every((word, index) => word === given[index]))) {
          expect(given.slice(0, names.length)).toEqual(names);
        } else {
          const { command, words: rest } = findContractCommand(given, entries);
          expect(() => parseGiven(command, rest), example).not.toThrow();
        }
      }
    }
    expect(seen).toBeGreaterThan(30);
  });

  it('is one page of man, in which nothing is taken for a request', () => {
    const lines = manPage(entries, '1.2.3').split('\n');
    expect(lines[0]).toBe('.TH VIVARIUM 1 "" "Vivarium 1.2.3" "User Commands"');
    const requests = new Set(lines.filter((line) => /^[.']/.test(line)).map((line) => line.split(' ')[0]));
    expect([...requests].sort()).toEqual(['.B', '.IP', '.PP', '.SH', '.TH', '.TP', '.fi', '.nf']);
    for (const { words } of entries) {
      expect(lines.some((line) => line.startsWith(`.B ${words.join(' ').replaceAll('-', '\\-')}`))).toBe(
        true,
      );
    }
  });

  it('tells of the commands of a group', () => {
    const group = entries.filter(({ words }) => words[0] === 'forward');
    expect(
      groupHelp(group)
        .split('\n')
        .map((line) => line.trim().split('  ')[0]),
    ).toEqual(['forward list', 'forward add', 'forward remove', '', '`vivarium help forward …` says more.']);
  });
});

describe('a prompt', () => {
  it.each([
    'Debian GNU/Linux 12 box ttyS0\n\nbox login: ',
    '\x1b[01;32mada@box\x1b[00m:\x1b[01;34m~\x1b[00m$ ',
    '/ # ',
    '\x1b]0;title\x07[root@box ~]# ',
    'C:\\>',
  ])('is seen in %j', (shown) => expect(endsInPrompt(shown)).toBe(true));

  it.each(['', 'Loading 45%  done\n', '# a comment\r\nStarting …', 'x'.repeat(300) + '# '])(
    'is not seen in %j',
    (shown) => expect(endsInPrompt(shown)).toBe(false),
  );
});

describe('forwards', () => {
  it('are typed as PORT:GUESTPORT, or with the address that listens', () => {
    expect(portsOf('2222:22')).toEqual({ hostAddress: '127.0.0.1', hostPort: 2222, guestPort: 22 });
    expect(portsOf('0.0.0.0:80:8080')).toEqual({ hostAddress: '0.0.0.0', hostPort: 80, guestPort: 8080 });
    for (const text of ['', '22', '0:22', '22:70000', 'a:22', '::1:22:22', '1:2:3:4']) {
      expect(() => portsOf(text)).toThrow(UsageError);
    }
  });
});

it('is documented as it is', () => {
  expect(readFileSync('docs/cli.md', 'utf8')).toBe(`${helpMarkdown(entries)}\n`);
});
