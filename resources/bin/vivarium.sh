#!/bin/sh
# The command `vivarium` of Linux and of a Mac: opens the app, or carries out a command without a window. `vivarium
# help` lists the commands. On a Mac, to have it in every terminal:
#   sudo ln -s /Applications/Vivarium.app/Contents/Resources/bin/vivarium /usr/local/bin/vivarium
link=$0
while [ -L "$link" ]; do
  target=$(readlink -- "$link")
  case "$target" in
    /*) link=$target ;;
    *) link=$(dirname -- "$link")/$target ;;
  esac
done
here=$(cd -- "$(dirname -- "$link")" && pwd -P)

# The first word that is no option decides: a command is one bare word, what is opened is an address or a path.
is_command() {
  skip=no
  for word in "$@"; do
    if [ "$skip" = yes ]; then
      skip=no
      continue
    fi
    case "$word" in
      --data) skip=yes ;;
      --help | -h | --version) return 0 ;;
      -*) ;;
      */* | *.*) return 1 ;;
      *) return 0 ;;
    esac
  done
  return 1
}

contents=${here%/Resources/bin}
if [ -d "$contents/MacOS" ]; then
  if is_command "$@"; then exec "$contents/MacOS/Vivarium" --command-line -- "$@"; fi
  exec open -a "${contents%/Contents}" --args "$@"
fi
# Without a display, and without what Chromium has to say about that.
if is_command "$@"; then
  set -- --ozone-platform=headless --disable-gpu --log-level=3 --command-line -- "$@"
fi
exec "$here/../vivarium" "$@"
