#!/usr/bin/env bash
# Exports the SAEHD model as .dfm.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_SRC/main.py" exportdfm \
    --model-dir "$WORKSPACE/model" \
    --model SAEHD "$@"
dfl_end
