#!/usr/bin/env bash
# Writes a picture with its landmarks beside each source face.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" util \
    --input-dir "$WORKSPACE/data_src/aligned" \
    --add-landmarks-debug-images "$@"
dfl_end
