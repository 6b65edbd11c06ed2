#!/usr/bin/env bash
# Copies the source faces with drawn masks to aligned_xseg.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" xseg fetch \
    --input-dir "$WORKSPACE/data_src/aligned" "$@"
dfl_end
