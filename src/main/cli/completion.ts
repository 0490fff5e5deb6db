import type { CommandEntry } from './entries';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A script that completes commands and their options; made of the same list as help. Pure. */
export function completionScript(shell: Shell, entries: readonly CommandEntry[]): string {
  if (shell === 'bash') return bash(entries);
  if (shell === 'zsh')
    return `#compdef vivarium\nautoload -U +X bashcompinit && bashcompinit\n${bash(entries)}`;
  return fish(entries);
}

/** What can follow each beginning of a command. */
function continuations(entries: readonly CommandEntry[]): Map<string, Set<string>> {
  const next = new Map<string, Set<string>>();
  for (const { words, options } of entries) {
    words.forEach((word, index) => {
      const before = words.slice(0, index).join(' ');
      next.set(before, (next.get(before) ?? new Set()).add(word));
    });
    const whole = words.join(' ');
    for (const option of options) next.set(whole, (next.get(whole) ?? new Set()).add(`--${option}`));
  }
  return next;
}

function bash(entries: readonly CommandEntry[]): string {
  const cases = [...continuations(entries)].map(
    ([before, words]) => `    ${JSON.stringify(before)}) words=${JSON.stringify([...words].join(' '))} ;;`,
  );
  return `_vivarium() {
  local current=\${COMP_WORDS[COMP_CWORD]} words= before=
  if ((COMP_CWORD > 1)); then before=\${COMP_WORDS[1]}; fi
  if ((COMP_CWORD > 2)); then
    case "$before" in
      ${groups(entries).join('|')}) before="$before \${COMP_WORDS[2]}" ;;
    esac
  fi
  case "$before" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if ((\${#COMPREPLY[@]} == 0)); then compopt -o default 2>/dev/null; fi
}
complete -F _vivarium vivarium`;
}

/** First words that have second ones. */
function groups(entries: readonly CommandEntry[]): string[] {
  return [...new Set(entries.filter(({ words }) => words.length > 1).map(({ words }) => words[0] ?? ''))];
}

function fish(entries: readonly CommandEntry[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const lines = entries.map(({ words, summary }) => {
    const when =
      words.length === 1
        ? '__fish_use_subcommand'
        : `__fish_seen_subcommand_from ${words.slice(0, -1).join(' ')}`;
    return `complete -c vivarium -f -n ${quoted(when)} -a ${words.at(-1) ?? ''} -d ${quoted(summary)}`;
  });
  const options = entries.flatMap(({ words, options: names }) =>
    names.map(
      (name) =>
        `complete -c vivarium -n ${quoted(`__fish_seen_subcommand_from ${words.at(-1) ?? ''}`)} -l ${name}`,
    ),
  );
  return [...lines, ...options].join('\n');
}
