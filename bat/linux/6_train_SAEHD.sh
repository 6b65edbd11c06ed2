#!/usr/bin/env bash
# Trains SAEHD.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" train \
    --training-data-src-dir "$WORKSPACE/data_src/aligned" \
    --training-data-dst-dir "$WORKSPACE/data_dst/aligned" \
    --pretraining-data-dir "$INTERNAL/pretrain_faces" \
    --model-dir "$WORKSPACE/model" \
    --model SAEHD $DFL_CPU_FLAG "$@"
dfl_end
