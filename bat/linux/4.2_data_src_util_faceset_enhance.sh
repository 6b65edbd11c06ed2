#!/usr/bin/env bash
# Adds detail to the source faces with a network.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" facesettool enhance \
    --input-dir "$WORKSPACE/data_src/aligned" $DFL_CPU_FLAG "$@"
dfl_end
