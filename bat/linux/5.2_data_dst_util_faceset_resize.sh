#!/usr/bin/env bash
# Changes size or face type of the destination faces.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" facesettool resize \
    --input-dir "$WORKSPACE/data_dst/aligned" "$@"
dfl_end
