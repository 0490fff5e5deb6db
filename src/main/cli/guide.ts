/** What `docs/cli.md` says before its list of commands: paragraphs of Markdown. */
export const guide: readonly string[] = `
## A session

\`\`\`sh
vivarium create Trial --gallery starter-linux   # prints the machine's id
vivarium start Trial --wait                     # until its shell is there
vivarium console Trial --serial                 # Ctrl+] leaves
vivarium snapshot take Trial --memory --name fresh
vivarium stop Trial --wait
vivarium delete Trial erase
\`\`\`

## Where it works

With Vivarium open, commands work on it. Without, the program is started in the background, without a window. What a
command has started goes on running there; ten seconds after the last machine and the last task have ended, so does the
program. When Vivarium's window is opened meanwhile, it shows the machines that run in the background and works them;
nothing is stopped or moved. A command line of another version than the program that runs is refused, unless that has
nothing to do: then it makes way.

Commands reach the program by a socket (Windows: a named pipe) in a folder that only its user can enter.

## JSON

\`--json\` prints results for programs, and keeps its form: what is there is not renamed or removed within a major version,
and what is new is added, so readers should pass over what they do not know.

- A result is one line with one JSON value. A list is one line for each of its entries, none for an empty one.
- \`events\` prints one line for each event, \`{"name": …, "value": …}\`, as it happens; \`logs --follow\` one line for
  each line of the log, a string; \`serve\` and \`open\` one line \`{"address": …}\`.
- An error is one line on standard error, \`{"error": {"code", "message", "hint"?, "cause"?}}\`. Codes are stable,
  messages are for people.
- Tasks are waited for, and their result is printed; with \`--no-wait\` it is \`{"jobId": …}\`.

## Without a screen: \`vivarium serve\`

\`vivarium serve\` runs Vivarium for a browser of the same computer and prints its address, which lets in whoever opens it.
It listens on 127.0.0.1 only; from elsewhere, go by way of ssh:

\`\`\`sh
ssh -L 8006:127.0.0.1:8006 server vivarium serve --port 8006
\`\`\`

Packages of Linux bring it as a unit of systemd for each user: \`systemctl --user enable --now vivarium\` has it run
from login to logout, after \`loginctl enable-linger\` from boot on, and what runs is saved at the end.
\`journalctl --user -u vivarium\` and \`vivarium open\` say where it is. Other commands find it like any other Vivarium.
`
  .trim()
  .split('\n')
  .concat('');
