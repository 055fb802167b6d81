#!/bin/sh
# Installs Jianbao from this folder alone: no network, no package registry.
# Usage: sh install.sh [FOLDER]    (default /opt/jianbao)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=${1:-/opt/jianbao}
python=${PYTHON:-python3}

wanted=$(cat "$here/PYTHON")
have=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || {
    echo "install.sh: $python does not run; set PYTHON to a Python $wanted" >&2
    exit 2
}
if [ "$have" != "$wanted" ]; then
    echo "install.sh: these packages are for Python $wanted, $python is $have; set PYTHON, or have a wheelhouse made for $have" >&2
    exit 2
fi
(cd "$here" && sha256sum --check --quiet SHA256SUMS) || {
    echo "install.sh: a file differs from SHA256SUMS; copy the folder again" >&2
    exit 2
}
"$python" -m venv "$into" || {
    echo "install.sh: no virtual environment could be made in $into (on Debian: install python3-venv; is the folder writable?)" >&2
    exit 2
}
pip() { "$into/bin/python" -m pip --isolated --disable-pip-version-check --quiet "$@"; }
pip install --no-index --find-links "$here/wheels" --require-hashes -r "$here/requirements.lock"
pip install --no-index --no-deps "$here"/jianbao-*.whl
"$into/bin/jianbao" --version
echo "Installed. Try: $into/bin/jianbao demo"
