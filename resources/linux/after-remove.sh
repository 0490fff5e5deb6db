#!/bin/sh
# Runs as root after the package's files are gone: deb, rpm and pacman. Machines live in their owners' home folders
# and stay there.
set -e

# dpkg says what it is doing, rpm how many versions remain, our package of pacman `remove`. An upgrade keeps everything.
case "${1-}" in
  remove | purge | 0) ;;
  *) exit 0 ;;
esac

if [ -f /etc/apparmor.d/vivarium ]; then
  if [ -d /sys/kernel/security/apparmor ] && command -v apparmor_parser >/dev/null &&
    ! { command -v ischroot >/dev/null && ischroot; }; then
    apparmor_parser --remove /etc/apparmor.d/vivarium || true
  fi
  rm -f /etc/apparmor.d/vivarium
fi
if command -v update-mime-database >/dev/null; then update-mime-database /usr/share/mime || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database -q /usr/share/applications || true; fi
exit 0
