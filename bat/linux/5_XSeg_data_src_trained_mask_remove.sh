#!/usr/bin/env bash
# Deletes the computed masks of the source faces.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" xseg remove \
    --input-dir "$WORKSPACE/data_src/aligned" "$@"
dfl_end
