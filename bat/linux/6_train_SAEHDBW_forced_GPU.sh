#!/usr/bin/env bash
# Trains SAEHDBW on gray faces without listing the GPUs, with the variables of its notes.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
export use_bw_input="${use_bw_input-1}"
export user_dfl_save_interval_min="${user_dfl_save_interval_min-10}"
export preview_period="${preview_period-1000}"
export user_force_new_preview="${user_force_new_preview-1}"
export font_size_minus_for_iter="${font_size_minus_for_iter-2}"
export force_gpu_data="${force_gpu_data-1}"
export max_gpu_memory="${max_gpu_memory-1556925644}"
export forced_gpu_id="${forced_gpu_id-750 Ti}"
dfl_run "$DFL_ROOT_SAEHDBW/main.py" train \
    --training-data-src-dir "$WORKSPACE/data_src/aligned" \
    --training-data-dst-dir "$WORKSPACE/data_dst/aligned" \
    --pretraining-data-dir "$INTERNAL/pretrain_faces" \
    --model-dir "$WORKSPACE/model" \
    --model SAEHDBW $DFL_CPU_FLAG "$@"
dfl_end
