#!/usr/bin/env bash
# Writes every frame of workspace/data_dst.* to data_dst.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
mkdir -p "$WORKSPACE/data_dst"
dfl_run "$DFL_SRC/main.py" videoed extract-video \
    --input-file "$WORKSPACE/data_dst.*" \
    --output-dir "$WORKSPACE/data_dst" \
    --fps 0 "$@"
dfl_end
