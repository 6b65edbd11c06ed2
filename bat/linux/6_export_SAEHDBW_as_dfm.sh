#!/usr/bin/env bash
# Exports the gray model as .dfm.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_ROOT_SAEHDBW/main.py" exportdfm \
    --model-dir "$WORKSPACE/model" \
    --model SAEHDBW "$@"
dfl_end
