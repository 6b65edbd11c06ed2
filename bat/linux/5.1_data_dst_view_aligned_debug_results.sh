#!/usr/bin/env bash
# Shows the destination frames with their landmarks.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_view "$WORKSPACE/data_dst/aligned_debug"
dfl_end
