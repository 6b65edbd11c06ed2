#!/usr/bin/env bash
# Lets you mark by hand the frames whose picture in aligned_debug you deleted.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_need_display
dfl_run "$DFL_SRC/main.py" extract \
    --input-dir "$WORKSPACE/data_dst" \
    --output-dir "$WORKSPACE/data_dst/aligned" \
    --detector manual \
    --max-faces-from-image 0 \
    --output-debug \
    --manual-output-debug-fix $DFL_CPU_FLAG "$@"
dfl_end
