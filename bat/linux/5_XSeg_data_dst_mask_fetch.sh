#!/usr/bin/env bash
# Copies the destination faces with drawn masks to aligned_xseg.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" xseg fetch \
    --input-dir "$WORKSPACE/data_dst/aligned" "$@"
dfl_end
