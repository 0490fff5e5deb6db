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
- \`events\` prints one line for each event, \`{"name": …, "value": …}\`, as it happens.
- An error is one line on standard error, \`{"error": {"code", "message", "hint"?, "cause"?}}\`. Codes are stable,
  messages are for people.
- Tasks are waited for, and their result is printed; with \`--no-wait\` it is \`{"jobId": …}\`.

## Without a screen: \`vivarium serve\`

\`vivarium serve\` runs Vivarium for a browser of the same computer and prints its address, which lets in whoever opens it.
It listens on 127.0.0.1 only; from elsewhere, go by way of ssh:

\`\`\`sh
ssh -L 8006:127.0.0.1:8006 server vivarium serve --port 8006
\`\`\`

To have it run from login to logout, or from boot on after \`loginctl enable-linger\`, as a unit of systemd in
\`~/.config/systemd/user/vivarium.service\` (packages bring it):

\`\`\`ini
[Unit]
Description=Vivarium, virtual machines in a browser
Documentation=man:vivarium(1)

[Service]
ExecStart=/usr/bin/vivarium serve --port 8006
# Machines are saved at the end, which takes its time.
TimeoutStopSec=180
Restart=on-failure

[Install]
WantedBy=default.target
\`\`\`

\`systemctl --user enable --now vivarium\` starts it, and \`vivarium open\` says where it is. Other commands
find it like any other Vivarium.
`
  .trim()
  .split('\n')
  .concat('');
