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

case "${1-}" in
  '' | */* | *.*) exec open -a "${contents%/Contents}" --args "$@" ;;
esac
exec "$contents/MacOS/Vivarium" --command-line -- "$@"
