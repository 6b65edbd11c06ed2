#!/usr/bin/env bash
# Saves the metadata of the source faces before you edit them.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" util \
    --input-dir "$WORKSPACE/data_src/aligned" \
    --save-faceset-metadata "$@"
dfl_end
