#!/usr/bin/env bash
# Finds the faces of data_src and saves them aligned.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" extract \
    --input-dir "$WORKSPACE/data_src" \
    --output-dir "$WORKSPACE/data_src/aligned" \
    --detector s3fd $DFL_CPU_FLAG "$@"
dfl_end
