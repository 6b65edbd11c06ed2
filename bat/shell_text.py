"""One entry of scripts.json -> the text of its Linux twin (spec 70 section 7.2), lines without
ends. What the scripts have in common is in linux/env.sh."""
import re
from typing import Any, Dict, List

HEAD = ["set -euo pipefail",
        '. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/env.sh"']
CONTINUE = " \\"


def to_shell(text: str) -> str:
    """`{WORKSPACE}/a` -> `$WORKSPACE/a`."""
    return re.sub(r"\{([A-Z_]+)\}", r"$\1", text)


def quote(value: str) -> str:
    value = to_shell(value)
    return '"{}"'.format(value) if re.search(r"[$\s*]", value) else value


def write_call(call: Dict[str, Any], tail: str) -> List[str]:
    root = {"DFL_ROOT": "DFL_SRC"}.get(call.get("root", "DFL_ROOT"), call.get("root"))
    lines = ['dfl_run "${}/main.py" {}'.format(root, " ".join(call["verb"]))]
    for argument in call["args"]:
        value = ['"$file"' if part == "{ARG1}" else quote(part) for part in argument[1:]]
        lines.append("    " + " ".join([argument[0]] + value))
    if call.get("cpu_switch"):
        tail = "$DFL_CPU_FLAG " + tail
    if tail.strip():
        lines[-1] += " " + tail.strip()
    return [line + CONTINUE for line in lines[:-1]] + lines[-1:]


def write_calls(entry: Dict[str, Any]) -> List[str]:
    lines: List[str] = []
    for number, call in enumerate(entry["calls"]):
        lines += write_call(call, '"$@"' if number == 0 else "")
    return lines


def write_dropped(entry: Dict[str, Any]) -> List[str]:
    body = ["    " + line for line in write_call(entry["calls"][0], "")]
    return (['[ $# -gt 0 ] || dfl_fail "Give one or more video files."',
             'for file in "$@"; do'] + body + ["done"])


def write_shell(entry: Dict[str, Any]) -> List[str]:
    """All lines of the .sh, without line ends."""
    kind = entry["kind"]
    lines = ["#!/usr/bin/env bash", "# " + entry["about"]] + HEAD
    if entry.get("window"):
        lines.append("dfl_need_display")
    for name, value in entry.get("env", []):
        lines.append('export {0}="${{{0}-{1}}}"'.format(name, value))
    if entry.get("mkdir"):
        lines.append("mkdir -p " + " ".join(quote(folder) for folder in entry["mkdir"]))
    if kind == "dropped":
        lines += write_dropped(entry)
    elif kind == "cpu_switch":
        lines.append("dfl_switch_cpu")
    elif kind == "view":
        lines.append("dfl_view " + quote(entry["start"]["args"][0]))
    elif kind == "ebsynth":
        lines.append('dfl_fail "EbSynth has no Linux build: start it on Windows."')
    elif kind == "explain":
        lines.append("echo " + quote(entry["text"]))
    elif kind == "clear":
        call = dict(entry["calls"][0])
        lines += write_call(call, '${DFL_YES:+--yes} "$@"')
    elif kind == "installer":
        lines += ['dfl_run "$DFL_INSTALLER" ' + " ".join(entry["option"] + ['"$@"'])]
    else:
        lines += write_calls(entry)
    return lines + ["dfl_end on_error" if entry.get("pause") == "on_error" else "dfl_end"]
