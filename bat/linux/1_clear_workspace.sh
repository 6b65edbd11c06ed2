#!/usr/bin/env bash
# Moves data_src, data_dst and model of the workspace into a dated folder, after asking, and makes empty ones.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" clear-workspace \
    --workspace "$WORKSPACE/." ${DFL_YES:+--yes} "$@"
dfl_end
