#!/bin/sh
# Runs as root after the package's files are in place: deb, rpm and pacman.
set -e

# Chromium's sandbox helper. It is used only where the kernel gives user namespaces to nobody but root.
chown root:root /opt/Vivarium/chrome-sandbox
chmod 4755 /opt/Vivarium/chrome-sandbox

# AppArmor's profile, only where AppArmor is at work and knows the rule in it: an older one refuses the file, and
# does not restrict namespaces either.
profile=/opt/Vivarium/resources/apparmor-profile
if [ -d /sys/kernel/security/apparmor ] && command -v apparmor_parser >/dev/null &&
  apparmor_parser --skip-kernel-load --skip-cache "$profile" >/dev/null 2>&1; then
  mkdir -p /etc/apparmor.d
  cp "$profile" /etc/apparmor.d/vivarium
  # In a chroot the kernel's profiles are not ours to change.
  if ! { command -v ischroot >/dev/null && ischroot; }; then
    apparmor_parser --replace --write-cache --skip-read-cache /etc/apparmor.d/vivarium ||
      echo "AppArmor did not take the profile of Vivarium; its sandbox may not start before the next boot." >&2
  fi
fi

# The desktop learns what the program opens. Where dpkg's triggers did it already, this finds nothing to do.
if command -v update-mime-database >/dev/null; then update-mime-database /usr/share/mime || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database -q /usr/share/applications || true; fi
if command -v gtk-update-icon-cache >/dev/null && [ -f /usr/share/icons/hicolor/index.theme ]; then
  gtk-update-icon-cache -q -t -f /usr/share/icons/hicolor || true
fi
exit 0
