#!/usr/bin/env bash
# Trains Quick96 without a window.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" train \
    --training-data-src-dir "$WORKSPACE/data_src/aligned" \
    --training-data-dst-dir "$WORKSPACE/data_dst/aligned" \
    --pretraining-data-dir "$INTERNAL/pretrain_faces" \
    --pretrained-model-dir "$INTERNAL/pretrain_Quick96" \
    --model-dir "$WORKSPACE/model" \
    --model Quick96 \
    --no-preview $DFL_CPU_FLAG "$@"
dfl_end
