#!/usr/bin/env bash
# Shows the aligned destination faces.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_view "$WORKSPACE/data_dst/aligned"
dfl_end
