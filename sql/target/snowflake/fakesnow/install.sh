#!/usr/bin/env bash
# Installs fakesnow into a virtual environment, and says how tests find it: eval "$(install.sh FOLDER)".
set -euo pipefail
folder=${1:?the folder of the virtual environment}
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$folder/bin/python" ] || python3 -m venv "$folder" >&2
"$folder/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
printf 'export BENCH_FAKESNOW=%q\n' "$(cd "$folder" && pwd)/bin/python"
