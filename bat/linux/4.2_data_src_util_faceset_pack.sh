#!/usr/bin/env bash
# Packs the source faces into one faceset.pak.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" util \
    --input-dir "$WORKSPACE/data_src/aligned" \
    --pack-faceset "$@"
dfl_end
