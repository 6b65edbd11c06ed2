#!/usr/bin/env bash
# Makes result.mov and result_mask.mov without loss.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" videoed video-from-sequence \
    --input-dir "$WORKSPACE/data_dst/merged" \
    --output-file "$WORKSPACE/result.mov" \
    --reference-file "$WORKSPACE/data_dst.*" \
    --include-audio \
    --lossless "$@"
dfl_run "$DFL_SRC/main.py" videoed video-from-sequence \
    --input-dir "$WORKSPACE/data_dst/merged_mask" \
    --output-file "$WORKSPACE/result_mask.mov" \
    --reference-file "$WORKSPACE/data_dst.*" \
    --lossless
dfl_end
