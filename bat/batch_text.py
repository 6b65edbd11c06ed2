"""One entry of scripts.json -> the text of its .bat (spec 70 section 8.1), lines without ends.

Every rule here has a reason in the batch language (spec 70 section 8): no path is expanded inside
a block, assignments are quoted, the exit code is taken on the line after the call, and the last
line is one line so that the code is expanded before `endlocal`.
"""
import re
from typing import Any, Dict, List

CONTINUE = " ^"
PAUSE = "if not defined DFL_NO_PAUSE pause"

FIND_SETENV = """\
cd /d "%~dp0"
if exist "_internal\\setenv.bat" goto install
if exist "..\\setenv.bat" if exist "..\\dfl.py" goto checkout
echo There is no _internal\\setenv.bat beside this script. It belongs into the folder of an
echo install, beside _internal, or stays in the folder bat of this program.
if not defined DFL_NO_PAUSE pause
exit /b 3
:checkout
call ..\\setenv.bat
goto ready
:install
call _internal\\setenv.bat
:ready"""

# The exit code of setenv.bat says nothing where the file is not ours: look at what it set.
CHECK = """\
if exist "%PYTHON_EXECUTABLE%" if exist "%{root}%\\main.py" goto run
echo Not found: the interpreter "%PYTHON_EXECUTABLE%"
echo or the program "%{root}%\\main.py".
if not defined DFL_NO_PAUSE pause
exit /b 4
:run"""

GRAY_ROOT = ('if not defined DFL_ROOT_SAEHDBW '
             'set "DFL_ROOT_SAEHDBW=%INTERNAL%\\DeepFaceLab_SAEHDBW"')

CPU_SWITCH = """\
set "SWITCH=%INTERNAL%\\cpu_only.txt"
if exist "%SWITCH%" goto off
>"%SWITCH%" echo While this file exists, the scripts that can do it compute on the CPU.
echo The scripts now compute on the CPU. Start this script again to go back to the GPU.
goto done
:off
del "%SWITCH%"
echo The scripts now compute on the GPU again.
:done"""

# A backslash at a line's end joins lines, in Python. The dropped folder is the install; else the
# nearest folder above this one that is one. A backslash before a quote would belong to the quote:
# what may end in one gets a dot.
FIND_INSTALL = """\
set "DFL_PLACE=%~1"
if "%~1"=="--root" set "DFL_PLACE=%~2"
if "%~1"=="" goto search
if not "%DFL_PLACE:~0,1%"=="-" goto interpreter
:search
set "DFL_PLACE="
cd /d "%~dp0"
if exist "..\\..\\..\\_internal\\setenv.bat" set "DFL_PLACE=..\\..\\.."
if exist "..\\..\\_internal\\setenv.bat" set "DFL_PLACE=..\\.."
if exist "..\\_internal\\setenv.bat" set "DFL_PLACE=.."
if exist "_internal\\setenv.bat" set "DFL_PLACE=."
if defined DFL_PLACE goto interpreter
echo No DeepFaceLab install was found around this folder. Unpack this program into the folder
echo of the install, or drop the folder of the install on this script.
if not defined DFL_NO_PAUSE pause
exit /b 2
:interpreter
set "PYTHON_EXECUTABLE="
for /d %%P in ("%DFL_PLACE%\\_internal\\python*") do if exist "%%~P\\python.exe" \
set "PYTHON_EXECUTABLE=%%~P\\python.exe"
set "DFL_PYTHON=%DFL_PLACE%\\_internal\\python_common\\python.exe"
if exist "%DFL_PYTHON%" set "PYTHON_EXECUTABLE=%DFL_PYTHON%"
set "DFL_PYTHON=%DFL_PLACE%\\_internal\\python-3.6.8\\python.exe"
if exist "%DFL_PYTHON%" set "PYTHON_EXECUTABLE=%DFL_PYTHON%"
if defined PYTHON_EXECUTABLE goto run
echo There is no _internal\\python*\\python.exe in "%DFL_PLACE%".
if not defined DFL_NO_PAUSE pause
exit /b 2
:run"""


def to_batch(text: str) -> str:
    """`{WORKSPACE}/a` -> `%WORKSPACE%\\a`."""
    return re.sub(r"\{([A-Z_]+)\}", r"%\1%", text).replace("/", "\\")


def quote(value: str) -> str:
    """Values are quoted where they hold a variable or a blank."""
    value = to_batch(value) if "{" in value else value
    return '"{}"'.format(value) if re.search(r'[%\s\\]', value) else value


def write_call(call: Dict[str, Any], tail: str) -> List[str]:
    """The program call, one option a line."""
    root = call.get("root", "DFL_ROOT")
    lines = ['"%PYTHON_EXECUTABLE%" "%{}%\\main.py" {}'.format(root, " ".join(call["verb"]))]
    for argument in call["args"]:
        value = ['"%~1"' if part == "{ARG1}" else quote(part) for part in argument[1:]]
        lines.append("    " + " ".join([argument[0]] + value))
    if call.get("cpu_switch"):
        tail = "%DFL_CPU_FLAG% " + tail
    if tail.strip():
        lines[-1] += " " + tail.strip()
    return [line + CONTINUE for line in lines[:-1]] + lines[-1:]


def write_calls(entry: Dict[str, Any]) -> List[str]:
    lines = ['set "RC=0"']
    for number, call in enumerate(entry["calls"]):
        lines += write_call(call, "%*" if number == 0 else "")
        lines.append('if "%RC%"=="0" set "RC=%ERRORLEVEL%"')
    return lines


def write_dropped(entry: Dict[str, Any]) -> List[str]:
    """The call once for each file that was dropped on the script."""
    lines = ['set "RC=1"', 'if "%~1"=="" echo Drop one or more video files on this script.',
             'if "%~1"=="" goto done', 'set "RC=0"', ":next"]
    lines += write_call(entry["calls"][0], "")
    return lines + ['if "%RC%"=="0" set "RC=%ERRORLEVEL%"', "shift",
                    'if not "%~1"=="" goto next', ":done"]


def write_start(entry: Dict[str, Any]) -> List[str]:
    """A program with a window of its own: nothing waits for it, nothing pauses."""
    begin = entry["start"]
    program, folder = to_batch(begin["program"]), to_batch(begin["workdir"])
    arguments = " ".join(quote(argument) for argument in begin["args"])
    lines = ['set "RC=0"', 'if not exist "{}" goto absent'.format(program),
             'start "" /D "{}" /LOW "{}" {}'.format(folder, program, arguments), "goto done",
             ":absent"]
    if entry["kind"] == "view":   # a checkout has no viewer: the file manager shows the folder
        lines += ['start "" explorer {}'.format(arguments)]
    else:
        lines += ['echo Not found: "{}"'.format(program), 'set "RC=4"', PAUSE]
    return lines + [":done"]


def write_installer(entry: Dict[str, Any]) -> List[str]:
    """The installer starts the bundled interpreter by itself: setenv.bat is what it edits."""
    arguments = " ".join(entry["option"] + ["--root", '"%DFL_PLACE%\\."', "--pause", "%*"])
    call = '"%PYTHON_EXECUTABLE%" -I -B "%DFL_TOOL%" ' + arguments
    lines = (['set "DFL_TOOL=%~dp0_internal\\patches\\install.py"',
              'if not exist "%DFL_TOOL%" set "DFL_TOOL=%~dp0..\\patches\\install.py"']
             + FIND_INSTALL.split("\n"))
    if "--uninstall" in entry["option"]:
        # The script is deleted while it runs: nothing may be left to read. `exit /b` without a
        # number keeps the code of the call.
        return lines + [call + " & exit /b"]
    return lines + [call, 'set "RC=%ERRORLEVEL%"', "endlocal & exit /b %RC%"]


def write_batch(entry: Dict[str, Any]) -> List[str]:
    """All lines of the .bat, without line ends."""
    kind = entry["kind"]
    lines = ["@echo off", "rem " + entry["about"],
             "setlocal EnableExtensions DisableDelayedExpansion"]
    if kind == "installer":
        return lines + write_installer(entry)
    lines += FIND_SETENV.split("\n")
    roots = sorted({call.get("root", "DFL_ROOT") for call in entry["calls"]})
    if "DFL_ROOT_SAEHDBW" in roots:
        lines.append(GRAY_ROOT)
    for root in roots:
        lines += CHECK.format(root=root).split("\n")
    if any(call.get("cpu_switch") for call in entry["calls"]):
        lines += ['set "DFL_CPU_FLAG="',
                  'if exist "%INTERNAL%\\cpu_only.txt" set "DFL_CPU_FLAG=--cpu-only"']
    for name, value in entry.get("env", []):
        lines.append('if not defined {0} set "{0}={1}"'.format(name, value))
    for folder in entry.get("mkdir", []):
        lines.append('if not exist "{0}\\" mkdir "{0}"'.format(to_batch(folder)))
    if kind == "dropped":
        lines += write_dropped(entry)
    elif kind == "cpu_switch":
        lines += ['set "RC=0"'] + CPU_SWITCH.split("\n")
    elif kind in ("view", "ebsynth"):
        lines += write_start(entry)
    else:
        lines += write_calls(entry)
    if entry.get("pause") == "on_error":
        lines.append('if not "%RC%"=="0" ' + PAUSE)
    elif kind not in ("view", "ebsynth"):
        lines.append(PAUSE)
    return lines + ["endlocal & exit /b %RC%"]
