import type { CommandEntry } from './entries';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A script that completes commands and their options; made of the same list as help. Pure. */
export function completionScript(shell: Shell, entries: readonly CommandEntry[]): string {
  if (shell === 'bash') return bash(entries);
  if (shell === 'zsh') return zsh(entries);
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

/** Commands whose first word is a machine. */
const onMachines = (entries: readonly CommandEntry[]): string[] =>
  entries.filter(({ usage }) => /^\[?MACHINE\b/.test(usage)).map(({ words }) => words.join(' '));

/** Alternatives of a `case` of bash or zsh. */
const cases = (words: readonly string[]): string => words.map((word) => JSON.stringify(word)).join('|');

/** What prints the names of machines. */
const printsNames = 'completion machines 2>/dev/null';

function bash(entries: readonly CommandEntry[]): string {
  const offers = [...continuations(entries)].map(
    ([before, words]) => `    ${JSON.stringify(before)}) words=${JSON.stringify([...words].join(' '))} ;;`,
  );
  return `_vivarium() {
  local current=\${COMP_WORDS[COMP_CWORD]} words= before= first=2 name
  if ((COMP_CWORD > 1)); then before=\${COMP_WORDS[1]}; fi
  if ((COMP_CWORD > 2)); then
    case "$before" in
      ${groups(entries).join('|')}) before="$before \${COMP_WORDS[2]}" first=3 ;;
    esac
  fi
  case "$before" in
${offers.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if ((COMP_CWORD == first)); then
    case "$before" in
      ${cases(onMachines(entries))})
        while IFS= read -r name; do
          printf -v name %q "$name"
          [[ $name != "$current"* ]] || COMPREPLY+=("$name")
        done < <("\${COMP_WORDS[0]}" ${printsNames})
        ;;
    esac
  fi
  if ((\${#COMPREPLY[@]} == 0)); then compopt -o default 2>/dev/null; fi
}
complete -F _vivarium vivarium`;
}

/** Works as a file on zsh's `fpath`, and where it is read by `source`. */
function zsh(entries: readonly CommandEntry[]): string {
  const offers = [...continuations(entries)].map(
    ([before, words]) => `    ${JSON.stringify(before)}) offered=(${[...words].join(' ')}) ;;`,
  );
  return `#compdef vivarium
_vivarium() {
  local -a given command offered machines
  local word before
  for word in "\${(@)words[2,CURRENT-1]}"; do [[ $word == -* ]] || given+=("$word"); done
  before="\${given[1]}"
  case "$before" in
    ${groups(entries).join('|')}) before="\${given[1,2]}" ;;
  esac
  case "$before" in
${offers.join('\n')}
  esac
  command=(\${=before})
  if (( \${#given} == \${#command} )); then
    case "$before" in
      ${cases(onMachines(entries))}) machines=("\${(@f)$("\${words[1]}" ${printsNames})}") ;;
    esac
  fi
  compadd -- "\${(@)machines:#}"
  if (( \${#offered} )); then compadd -- "\${offered[@]}"; elif (( ! \${#machines} )); then _files; fi
}
if [[ "\${funcstack[1]}" == _vivarium ]]; then _vivarium "$@"; else compdef _vivarium vivarium; fi`;
}

/** First words that have second ones. */
function groups(entries: readonly CommandEntry[]): string[] {
  return [...new Set(entries.filter(({ words }) => words.length > 1).map(({ words }) => words[0] ?? ''))];
}

/** Conditions on the words before the cursor, options left out: exactly these, or these and more. */
const fishConditions = `function __vivarium_words
  for word in (commandline -opc)[2..-1]
    string match -q -- '-*' $word; or echo $word
  end
end
function __vivarium_after
  set -l words (__vivarium_words)
  test "$words" = "$argv"
end
function __vivarium_in
  set -l words (__vivarium_words)
  string match -q -- "$argv *" "$words "
end`;

function fish(entries: readonly CommandEntry[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const named = groups(entries).map(
    (group) => `complete -c vivarium -f -n ${quoted('__vivarium_after')} -a ${group}`,
  );
  const lines = entries.map(({ words, summary }) => {
    const when = ['__vivarium_after', ...words.slice(0, -1)].join(' ');
    return `complete -c vivarium -f -n ${quoted(when)} -a ${words.at(-1) ?? ''} -d ${quoted(summary)}`;
  });
  const options = entries.flatMap(({ words, options: names }) =>
    names.map((name) => `complete -c vivarium -n ${quoted(`__vivarium_in ${words.join(' ')}`)} -l ${name}`),
  );
  const machines = onMachines(entries).map(
    (words) =>
      `complete -c vivarium -f -n ${quoted(`__vivarium_after ${words}`)} -a '(vivarium ${printsNames})'`,
  );
  return [fishConditions, ...named, ...lines, ...options, ...machines].join('\n');
}
