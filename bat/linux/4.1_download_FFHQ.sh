#!/usr/bin/env bash
# Nothing is downloaded: says where the files belong.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
echo "Nothing is downloaded: faces to pretrain on belong into $INTERNAL/pretrain_faces"
dfl_end
