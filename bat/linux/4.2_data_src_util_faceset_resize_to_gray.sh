#!/usr/bin/env bash
# Changes size or face type of the source faces and makes them gray.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
export resize_color_to_grayscale="${resize_color_to_grayscale-1}"
dfl_run "$DFL_ROOT_SAEHDBW/main.py" facesettool resize \
    --input-dir "$WORKSPACE/data_src/aligned" "$@"
dfl_end
