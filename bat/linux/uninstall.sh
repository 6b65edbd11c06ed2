#!/usr/bin/env bash
# Takes this program off the install again and puts back what was there.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_run "$DFL_INSTALLER" --uninstall "$@"
dfl_end
