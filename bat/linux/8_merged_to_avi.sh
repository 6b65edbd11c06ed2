#!/usr/bin/env bash
# Makes result.avi and result_mask.avi of the merged frames.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" videoed video-from-sequence \
    --input-dir "$WORKSPACE/data_dst/merged" \
    --output-file "$WORKSPACE/result.avi" \
    --reference-file "$WORKSPACE/data_dst.*" \
    --include-audio "$@"
dfl_run "$DFL_SRC/main.py" videoed video-from-sequence \
    --input-dir "$WORKSPACE/data_dst/merged_mask" \
    --output-file "$WORKSPACE/result_mask.avi" \
    --reference-file "$WORKSPACE/data_dst.*" \
    --lossless
dfl_end
