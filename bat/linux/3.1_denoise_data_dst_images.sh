#!/usr/bin/env bash
# Denoises the frames of data_dst in place.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" videoed denoise-image-sequence \
    --input-dir "$WORKSPACE/data_dst" "$@"
dfl_end
