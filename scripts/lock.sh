#!/usr/bin/env bash
# Writes requirements/*.lock: exact versions with hashes, each file a superset of the one before.
set -euo pipefail
venv=$1
cd "$(dirname "$0")/.."
"$venv/bin/python" -m pip install --quiet uv
compile() {
  "$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate "$@"
}
# The build backend is locked too: installing the project then downloads nothing that is not.
echo hatchling > requirements/build.in
compile pyproject.toml requirements/build.in -o requirements/run.lock
compile pyproject.toml requirements/build.in --extra demo -c requirements/run.lock -o requirements/demo.lock
compile pyproject.toml requirements/build.in --extra demo --extra dev -c requirements/demo.lock \
  -o requirements/dev.lock
