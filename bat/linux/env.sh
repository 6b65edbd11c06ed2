# What the scripts of this folder have in common: where things are, and how a program is called.
# Sourced, never started. Works in a checkout (bat/linux/) and in a folder of an install, and keeps
# every variable that is set already. Valid in bash 3.2, that of macOS.

dfl_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dfl_base=""
for dfl_candidate in "$dfl_here/../.." "$dfl_here/../_internal" "$dfl_here/_internal" "$dfl_here/.."; do
    if [ -z "$dfl_base" ] && [ -f "$dfl_candidate/DeepFaceLab/main.py" ]; then
        dfl_base=$(cd "$dfl_candidate" && pwd)
    fi
done
if [ -z "$dfl_base" ]; then
    echo "There is no DeepFaceLab folder around $dfl_here." >&2
    exit 3
fi

INTERNAL=${INTERNAL:-$dfl_base}
if [ -z "${DFL_WORKSPACE:-}" ]; then
    if [ -n "${WORKSPACE:-}" ]; then
        DFL_WORKSPACE=$WORKSPACE
    elif [ "$(basename "$INTERNAL")" = _internal ]; then
        DFL_WORKSPACE=$(dirname "$INTERNAL")/workspace
    else
        DFL_WORKSPACE=$INTERNAL/workspace
    fi
fi
WORKSPACE=${DFL_WORKSPACE%/}

# DFL_ROOT has two meanings in the wild: the source folder, as on Windows, or the folder above it.
if [ -z "${DFL_SRC:-}" ]; then
    if [ -n "${DFL_ROOT:-}" ] && [ -f "$DFL_ROOT/main.py" ]; then
        DFL_SRC=$DFL_ROOT
    elif [ -n "${DFL_ROOT:-}" ] && [ -f "$DFL_ROOT/DeepFaceLab/main.py" ]; then
        DFL_SRC=$DFL_ROOT/DeepFaceLab
    elif [ "${DFL_IMPL:-}" != original ] && [ -f "$INTERNAL/DeepFaceLab_TF1X/main.py" ]; then
        DFL_SRC=$INTERNAL/DeepFaceLab_TF1X
    else
        DFL_SRC=$INTERNAL/DeepFaceLab
    fi
fi
DFL_ROOT=${DFL_ROOT:-$INTERNAL}
DFL_ROOT_SAEHDBW=${DFL_ROOT_SAEHDBW:-$INTERNAL/DeepFaceLab_SAEHDBW}
DFL_INSTALLER=$INTERNAL/patches/install.py

if [ -z "${DFL_PYTHON:-}" ]; then
    DFL_PYTHON=${PYTHON_EXECUTABLE:-python3}
    for dfl_candidate in "$INTERNAL/.venv36/bin/python" "$INTERNAL/.venv/bin/python"; do
        [ ! -x "$dfl_candidate" ] || DFL_PYTHON=$dfl_candidate
    done
fi
PYTHON_EXECUTABLE=$DFL_PYTHON
export INTERNAL WORKSPACE DFL_WORKSPACE DFL_ROOT DFL_SRC DFL_ROOT_SAEHDBW DFL_PYTHON
export PYTHON_EXECUTABLE

DFL_CPU_FLAG=""
[ ! -f "$INTERNAL/cpu_only.txt" ] || DFL_CPU_FLAG=--cpu-only
dfl_code=0

dfl_run() { # dfl_run PROGRAM ARGUMENTS...: the first code that is not 0 is that of the script
    local code=0
    if command -v "$DFL_PYTHON" >/dev/null 2>&1; then
        "$DFL_PYTHON" "$@" || code=$?
    else # a command with arguments
        # shellcheck disable=SC2086
        $DFL_PYTHON "$@" || code=$?
    fi
    [ "$dfl_code" != 0 ] || dfl_code=$code
}

dfl_end() { # dfl_end [on_error]: pause where somebody looks, then leave with the code
    if [ -t 0 ] && [ -t 1 ] && [ -z "${DFL_NO_PAUSE:-}" ]; then
        if [ "${1:-}" != on_error ] || [ "$dfl_code" != 0 ]; then
            read -r -p "Press Enter to continue . . . " || true
        fi
    fi
    exit "$dfl_code"
}

dfl_fail() { # dfl_fail TEXT
    echo "$1" >&2
    dfl_code=1
    dfl_end
}

dfl_need_display() {
    if [ "$(uname)" != Darwin ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        dfl_fail "This script opens a window, and there is no display (DISPLAY, WAYLAND_DISPLAY)."
    fi
}

dfl_view() { # dfl_view FOLDER: in the file manager
    local program
    for program in xdg-open open; do
        if command -v "$program" >/dev/null 2>&1; then
            "$program" "$1" || dfl_code=$?
            return
        fi
    done
    dfl_fail "There is neither xdg-open nor open here; the pictures are in $1"
}

dfl_switch_cpu() {
    local switch=$INTERNAL/cpu_only.txt
    if [ -f "$switch" ]; then
        rm "$switch"
        echo "The scripts now compute on the GPU again."
    else
        echo "While this file exists, the scripts that can do it compute on the CPU." > "$switch"
        echo "The scripts now compute on the CPU. Start this script again to go back to the GPU."
    fi
}
