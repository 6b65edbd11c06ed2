#!/usr/bin/env bash
# Writes the frames of workspace/data_src.* to data_src.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
mkdir -p "$WORKSPACE/data_src"
dfl_run "$DFL_SRC/main.py" videoed extract-video \
    --input-file "$WORKSPACE/data_src.*" \
    --output-dir "$WORKSPACE/data_src" "$@"
dfl_end
