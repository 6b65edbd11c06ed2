#!/usr/bin/env bash
# Makes result.mp4 and result_mask.mp4 of the merged frames.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" videoed video-from-sequence \
    --input-dir "$WORKSPACE/data_dst/merged" \
    --output-file "$WORKSPACE/result.mp4" \
    --reference-file "$WORKSPACE/data_dst.*" \
    --include-audio "$@"
dfl_run "$DFL_SRC/main.py" videoed video-from-sequence \
    --input-dir "$WORKSPACE/data_dst/merged_mask" \
    --output-file "$WORKSPACE/result_mask.mp4" \
    --reference-file "$WORKSPACE/data_dst.*" \
    --lossless
dfl_end
