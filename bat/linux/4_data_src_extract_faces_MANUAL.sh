#!/usr/bin/env bash
# Lets you mark the faces of data_src by hand and saves them aligned.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_need_display
dfl_run "$DFL_SRC/main.py" extract \
    --input-dir "$WORKSPACE/data_src" \
    --output-dir "$WORKSPACE/data_src/aligned" \
    --detector manual $DFL_CPU_FLAG "$@"
dfl_end
