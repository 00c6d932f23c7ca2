#!/bin/sh
# Sees to it that Chromium and its driver are there: on PATH, or else from Debian. The tests of the
# status page look at it with them.
#
# Always exits with 0; what can't be had is said, and the tests fail.
set -u

missing() {
  for program in chromium chromedriver; do
    command -v "$program" >/dev/null 2>&1 || echo "$program"
  done
}

[ -n "$(missing)" ] || exit 0
if [ "$(id -u)" -eq 0 ]; then
  as_root=
else
  as_root='sudo -n'
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# shellcheck disable=SC2086
apt_get() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1
}

install() {
  apt_get install -y --no-install-recommends chromium chromium-driver
}

echo "browser.sh: installing Chromium from the distribution" >&2
install || { apt_get update && install; }
if [ -n "$(missing)" ]; then
  tail -n 5 "$log" >&2
  echo "browser.sh: not found: $(missing | tr '\n' ' ')" >&2
fi
exit 0
