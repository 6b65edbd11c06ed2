#!/usr/bin/env bash
# Puts this program onto a DeepFaceLab install: start it there, or drop the install's folder on it.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_INSTALLER" "$@"
dfl_end
