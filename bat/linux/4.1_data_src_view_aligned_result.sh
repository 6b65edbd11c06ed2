#!/usr/bin/env bash
# Shows the aligned source faces.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_view "$WORKSPACE/data_src/aligned"
dfl_end
