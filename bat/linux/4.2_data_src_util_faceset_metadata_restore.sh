#!/usr/bin/env bash
# Puts saved metadata back into edited source faces.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" util \
    --input-dir "$WORKSPACE/data_src/aligned" \
    --restore-faceset-metadata "$@"
dfl_end
