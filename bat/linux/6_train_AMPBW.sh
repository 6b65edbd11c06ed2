#!/usr/bin/env bash
# Trains AMPBW, the gray AMP, on gray or colour faces.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_ROOT_SAEHDBW/main.py" train \
    --training-data-src-dir "$WORKSPACE/data_src/aligned" \
    --training-data-dst-dir "$WORKSPACE/data_dst/aligned" \
    --pretraining-data-dir "$INTERNAL/pretrain_faces" \
    --model-dir "$WORKSPACE/model" \
    --model AMPBW $DFL_CPU_FLAG "$@"
dfl_end
