#!/usr/bin/env bash
# Tells whether the installed files are whole; changes nothing.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_INSTALLER" --verify "$@"
dfl_end
