# Lets Vivarium make the user namespaces that Chromium's sandbox consists of, where only named programs may
# (Ubuntu 23.10 and later). It restricts nothing else.
abi <abi/4.0>,
include <tunables/global>

profile vivarium "/opt/Vivarium/vivarium" flags=(unconfined) {
  userns,

  include if exists <local/vivarium>
}
