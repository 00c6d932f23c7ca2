#!/bin/sh
# Sees to it that Prometheus and Alertmanager are there: on PATH, or else from Debian or Ubuntu.
#
# Their system services are neither started nor enabled: the demo and the tests start the programs
# themselves. Always exits with 0; what can't be had is said, and the caller finds it missing.
set -u

# Debian calls it prometheus-alertmanager, everybody else alertmanager.
missing() {
  command -v prometheus >/dev/null 2>&1 || echo prometheus
  command -v promtool >/dev/null 2>&1 || echo promtool
  command -v prometheus-alertmanager >/dev/null 2>&1 ||
    command -v alertmanager >/dev/null 2>&1 || echo alertmanager
  command -v amtool >/dev/null 2>&1 || echo amtool
}

give_up() {
  {
    echo "servers.sh: not found: $(missing | tr '\n' ' ')"
    echo "servers.sh: $1"
    echo "servers.sh: without them no rule is evaluated and nobody is notified; docker compose up"
    echo "servers.sh: brings them, and so do the archives on https://prometheus.io/download"
  } >&2
  exit 0
}

[ -n "$(missing)" ] || exit 0
command -v apt-get >/dev/null 2>&1 || give_up "this system has no apt-get to install them with"
if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif sudo -n true 2>/dev/null; then
  as_root='sudo -n'
else
  give_up "run: sudo apt-get install --no-install-recommends prometheus prometheus-alertmanager"
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
our_policy=
# as_root is a command with arguments, or nothing; the trap below calls this.
# shellcheck disable=SC2086,SC2317
finish() {
  [ -z "$our_policy" ] || $as_root rm -f "$policy"
  rm -f "$log"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# As long as this file says so, packages start no service. One that is already there is left alone.
# shellcheck disable=SC2086
if [ ! -e "$policy" ]; then
  our_policy=yes
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi

# shellcheck disable=SC2086
apt_get() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1
}

installed() {
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

new=
for package in prometheus prometheus-alertmanager; do
  installed "$package" || new="$new $package"
done
# From Debian 14 on, promtool is a package of its own.
# shellcheck disable=SC2086
install_all() {
  apt_get install -y --no-install-recommends prometheus prometheus-alertmanager || return 1
  command -v promtool >/dev/null 2>&1 || apt_get install -y --no-install-recommends promtool
}
echo "servers.sh: installing Prometheus and Alertmanager from the distribution" >&2
install_all || { apt_get update && install_all; }

# Only services that this run has brought: one that somebody uses stays as it is. Where there is no
# systemctl there is no systemd to start them either.
if command -v systemctl >/dev/null 2>&1; then
  for package in $new; do
    # shellcheck disable=SC2086
    ! installed "$package" || $as_root systemctl disable "$package.service" >>"$log" 2>&1
  done
fi
if [ -n "$(missing)" ]; then
  tail -n 5 "$log" >&2
  give_up "the distribution does not have them, or apt-get failed as shown"
fi
exit 0
