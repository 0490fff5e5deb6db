#!/bin/sh
# The command `vivarium`: opens the app, or carries out a command without a window. `vivarium help` lists the commands.
here=$(dirname -- "$(readlink -f -- "$0")")
program="$here/../vivarium"

# The first word that is no option decides: a command is one bare word, what is opened is an address or a path.
skip=no
command=no
for word in "$@"; do
  if [ "$skip" = yes ]; then
    skip=no
    continue
  fi
  case "$word" in
    --data) skip=yes ;;
    --help | -h | --version)
      command=yes
      break
      ;;
    -*) ;;
    */* | *.*) break ;;
    *)
      command=yes
      break
      ;;
  esac
done
# Without a display, and without what Chromium has to say about that.
if [ "$command" = yes ]; then
  set -- --ozone-platform=headless --disable-gpu --log-level=3 --command-line -- "$@"
fi
exec "$program" "$@"
