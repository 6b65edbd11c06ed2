#!/usr/bin/env bash
# Computes masks of the destination faces with the bundled XSeg model.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" xseg apply \
    --input-dir "$WORKSPACE/data_dst/aligned" \
    --model-dir "$INTERNAL/model_generic_xseg" "$@"
dfl_end
