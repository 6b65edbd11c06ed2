#!/usr/bin/env bash
# Names the destination faces after their frames again.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" util \
    --input-dir "$WORKSPACE/data_dst/aligned" \
    --recover-original-aligned-filename "$@"
dfl_end
