#!/usr/bin/env bash
# Switches computing on the CPU on or off for the scripts that can do it. No package is changed.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_switch_cpu
dfl_end
