#!/usr/bin/env bash
# Deletes the computed masks of the destination faces.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" xseg remove \
    --input-dir "$WORKSPACE/data_dst/aligned" "$@"
dfl_end
