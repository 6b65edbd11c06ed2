#!/usr/bin/env bash
# Finds the faces of data_dst, then lets you mark those not found.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_need_display
dfl_run "$DFL_SRC/main.py" extract \
    --input-dir "$WORKSPACE/data_dst" \
    --output-dir "$WORKSPACE/data_dst/aligned" \
    --output-debug \
    --detector s3fd \
    --max-faces-from-image 0 \
    --manual-fix $DFL_CPU_FLAG "$@"
dfl_end
