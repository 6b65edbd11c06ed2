#!/usr/bin/env bash
# Unpacks the destination faces again.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" util \
    --input-dir "$WORKSPACE/data_dst/aligned" \
    --unpack-faceset "$@"
dfl_end
