#!/usr/bin/env bash
# Cuts a piece out of the videos dropped on it.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
[ $# -gt 0 ] || dfl_fail "Give one or more video files."
for file in "$@"; do
    dfl_run "$DFL_SRC/main.py" videoed cut-video \
        --input-file "$file"
done
dfl_end
