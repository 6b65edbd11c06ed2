#!/usr/bin/env bash
# Nothing is downloaded: says where the files belong.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
echo "Nothing is downloaded: a Quick96 model to start from belongs into $INTERNAL/pretrain_Quick96"
dfl_end
