#!/usr/bin/env bash
# Merges with SAEHDBW without listing the GPUs, with the variables of its notes.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
export use_bw_input="${use_bw_input-1}"
export extract_to_bw="${extract_to_bw-1}"
export merge_bw_special_imwrite="${merge_bw_special_imwrite-1}"
export default_merge_cpu_count="${default_merge_cpu_count-1}"
export debug_merge_masked="${debug_merge_masked-1}"
export apply_reshape_test="${apply_reshape_test-1}"
export force_gpu_data="${force_gpu_data-1}"
export max_gpu_memory="${max_gpu_memory-1556925644}"
export forced_gpu_id="${forced_gpu_id-750 Ti}"
dfl_run "$DFL_ROOT_SAEHDBW/main.py" merge \
    --input-dir "$WORKSPACE/data_dst" \
    --output-dir "$WORKSPACE/data_dst/merged" \
    --output-mask-dir "$WORKSPACE/data_dst/merged_mask" \
    --aligned-dir "$WORKSPACE/data_dst/aligned" \
    --model-dir "$WORKSPACE/model" \
    --model SAEHDBW $DFL_CPU_FLAG "$@"
dfl_end
