#!/usr/bin/env bash
# Starts the bundled EbSynth with its sample project.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"
dfl_fail "EbSynth has no Linux build: start it on Windows."
dfl_end
