#!/bin/sh
# Makes the virtual environment that a make target needs, from the lock files and nothing else.
#
#   scripts/venv.sh DIRECTORY [run|demo|dev]…
#
# Each lock file holds all of the one before, so the largest that is named is installed. Does nothing
# when the environment is up to date. PYTHON names the interpreter to use instead of the first of
# python3, python3.14, … that is 3.11 or newer.
set -eu

[ $# -ge 1 ] || { echo "usage: scripts/venv.sh DIRECTORY [run|demo|dev]..." >&2; exit 2; }
directory=$1
shift
cd "$(dirname "$0")/.."

wanted=run
for extra; do
  case $extra in
    run) ;;
    demo) [ "$wanted" = dev ] || wanted=demo ;;
    dev) wanted=dev ;;
    *) echo "venv.sh: unknown extra '$extra'; expected run, demo or dev" >&2; exit 2 ;;
  esac
done

# What is installed is decided by the lock file, the project's metadata, and where the project lies.
state_of() {
  echo "$1 $(pwd) $(cat "requirements/$1.lock" pyproject.toml | cksum)"
}

# A larger environment than the wanted one does as well.
stamp=$directory/.modeltail-installed
up_to_date() {
  [ -f "$stamp" ] && "$directory/bin/python" -c '' 2>/dev/null || return 1
  case $wanted in
    run) enough='run demo dev' ;;
    demo) enough='demo dev' ;;
    *) enough=dev ;;
  esac
  for level in $enough; do
    [ "$(cat "$stamp")" = "$(state_of "$level")" ] && return 0
  done
  return 1
}

find_python() {
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return 0
    fi
  done
  echo "venv.sh: no Python 3.11 or newer found (tried ${PYTHON:-python3 and python3.11 to 3.14})" >&2
  return 1
}

# Debian and Ubuntu ship Python without the part that puts pip into an environment.
ensure_venv_module() {
  "$1" -c 'import ensurepip, venv' 2>/dev/null && return 0
  package=$("$1" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')
  if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" -eq 0 ]; then
      as_root=
    elif sudo -n true 2>/dev/null; then
      as_root='sudo -n'
    else
      echo "venv.sh: $1 can't make virtual environments yet. Run this, then try again:" >&2
      echo "  sudo apt-get install $package" >&2
      return 1
    fi
    echo "venv.sh: installing $package" >&2
    install="env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
    # Word splitting is wanted: both are commands with arguments.
    # shellcheck disable=SC2086
    $as_root $install "$package" >/dev/null 2>&1 ||
      { $as_root apt-get update -qq && $as_root $install "$package" >/dev/null; }
    "$1" -c 'import ensurepip, venv'
  else
    echo "venv.sh: $1 lacks the modules venv and ensurepip; install them, or name another" >&2
    echo "interpreter with PYTHON=…" >&2
    return 1
  fi
}

if up_to_date; then
  exit 0
fi
rm -f "$stamp"
if ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
  if [ -e "$directory" ] && [ ! -e "$directory/pyvenv.cfg" ]; then
    echo "venv.sh: $directory exists and is no virtual environment; move it away first" >&2
    exit 1
  fi
  python=$(find_python)
  ensure_venv_module "$python"
  echo "venv.sh: making $directory with $python" >&2
  "$python" -m venv --clear "$directory"
fi
echo "venv.sh: installing requirements/$wanted.lock" >&2
pip() { "$directory/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
pip install --require-hashes --requirement "requirements/$wanted.lock"
# The build backend is in the lock file, so that this fetches nothing.
pip install --no-deps --no-build-isolation --editable .
state_of "$wanted" >"$stamp"
