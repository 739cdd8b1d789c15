#!/bin/sh
# Puts into the virtual environment VENV exactly what LOCK pins, and this checkout as an editable install.
# uv and pip read the same lock, so both give the same versions. `alone` leaves the checkout out, for other tools'
# environments, and takes wheels only: what their packages would be built with is in no lock.
#
#   tools/venv.sh VENV LOCK [alone]        (PYTHON=… chooses the interpreter)
set -eu
venv=$1
lock=$2
alone=${3:+--only-binary=:all:}

stop() {
  printf '%s\n' "$@" >&2
  exit 2
}

echo "installing the locked packages of $lock into $venv" >&2

if command -v uv >/dev/null 2>&1; then
  uv venv --quiet --allow-existing --python "${PYTHON:->=3.11}" "$venv"
  uv pip install --quiet --python "$venv/bin/python" --require-hashes ${alone:+"$alone"} -r "$lock"
  [ -n "$alone" ] || uv pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
  exit
fi

python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 ||
  stop "$python: not found" "help: install Python 3.11 or newer (on Debian and Ubuntu: apt install python3 python3-venv), or uv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "$("$python" --version): finops-guard needs Python 3.11 or newer" \
    "help: name another interpreter, for example: make test PYTHON=python3.12; or install uv, which brings its own"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
  stop "$python: the venv module is not complete (ensurepip is missing)" "help: apt install python3-venv"

"$python" -m venv "$venv"
pip() {
  # Twice quiet: errors only. Byte-compiling all of an SDK takes longer than the demo; Python compiles what it imports.
  "$venv/bin/python" -m pip --disable-pip-version-check --no-input install -qq --no-compile "$@"
}
pip --require-hashes ${alone:+"$alone"} -r "$lock"
[ -n "$alone" ] || pip --no-deps --no-build-isolation --editable .
