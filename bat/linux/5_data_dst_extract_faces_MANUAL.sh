#!/usr/bin/env bash
# Lets you mark the faces of data_dst by hand and saves them aligned.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_need_display
dfl_run "$DFL_SRC/main.py" extract \
    --input-dir "$WORKSPACE/data_dst" \
    --output-dir "$WORKSPACE/data_dst/aligned" \
    --detector manual \
    --max-faces-from-image 0 \
    --output-debug $DFL_CPU_FLAG "$@"
dfl_end
