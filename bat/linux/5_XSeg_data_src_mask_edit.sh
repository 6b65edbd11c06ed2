#!/usr/bin/env bash
# Opens the mask editor on the source faces.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_need_display
dfl_run "$DFL_SRC/main.py" xseg editor \
    --input-dir "$WORKSPACE/data_src/aligned" "$@"
dfl_end on_error
