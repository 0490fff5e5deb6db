#!/bin/sh
# The command `vivarium` on a Mac. To have it in every terminal:
#   sudo ln -s /Applications/Vivarium.app/Contents/Resources/bin/vivarium /usr/local/bin/vivarium
link=$0
while [ -L "$link" ]; do
  target=$(readlink "$link")
  case "$target" in
    /*) link=$target ;;
    *) link=$(dirname -- "$link")/$target ;;
  esac
done
contents=$(cd -- "$(dirname -- "$link")/../.." && pwd -P)

# The first word that is no option decides: a command is one bare word, what is opened is an address or a path.
skip=no
for word in "$@"; do
  if [ "$skip" = yes ]; then
    skip=no
    continue
  fi
  case "$word" in
    --data) skip=yes ;;
    --help | -h | --version) exec "$contents/MacOS/Vivarium" --command-line -- "$@" ;;
    -*) ;;
    */* | *.*) break ;;
    *) exec "$contents/MacOS/Vivarium" --command-line -- "$@" ;;
  esac
done
exec open -a "${contents%/Contents}" --args "$@"
