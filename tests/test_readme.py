"""README.md: every command in its code blocks parses, its option tables are those of the code."""
import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from mainscripts import OptionTables, cli

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PYTHON = re.compile(r"^(python(3(\.\d+)?)?|py)$")


def load_dfl():
    spec = importlib.util.spec_from_file_location("dfl", str(ROOT / "dfl.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def list_commands(text):
    """Token lists of the Python commands in Markdown code blocks; `\\` at a line's end joins."""
    commands = []
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip()
            line = line[2:] if line.startswith("$ ") else line
            # NAME=value in front sets the environment of the command.
            line = re.sub(r"^([A-Za-z_]+=\S+ )+", "", line)
            if line and PYTHON.match(line.split()[0]):
                commands.append(shlex.split(line, comments=True)[1:])
    return commands


COMMANDS = list_commands(README.read_text(encoding="utf-8"))


def parse_command(tokens):
    """Parses with the program's own parser; SystemExit when it refuses."""
    program, arguments = tokens[0], tokens[1:]
    if program == "-m":
        assert arguments[0] in ("pip", "pytest", "venv"), tokens
        return None
    assert (ROOT / program).is_file(), "the README names {}".format(program)
    if program == "dfl.py":
        return load_dfl().parse_arguments(arguments)
    if program == "DeepFaceLab/main.py":
        return cli.parse_arguments(arguments)
    return None


@pytest.mark.parametrize("tokens", COMMANDS, ids=" ".join)
def test_command_parses(tokens):
    parse_command(tokens)


def test_the_two_commands_are_there():
    assert ["dfl.py", "demo"] in COMMANDS and ["dfl.py", "test"] in COMMANDS


def test_list_commands_reads_blocks_only():
    text = ("python3 not.py\n```\n$ python3 dfl.py demo  # first\nls\n```\n"
            "```sh\nA=1 python x.py \\\n  --b 'c d'\n```\n")
    assert list_commands(text) == [["dfl.py", "demo"], ["x.py", "--b", "c d"]]


@pytest.mark.parametrize("tokens", [["dfl.py", "fly"], ["DeepFaceLab/main.py", "sort"]], ids=str)
def test_wrong_command_is_found(tokens):
    with pytest.raises(SystemExit):
        parse_command(tokens)


def test_option_tables_are_up_to_date():
    text = README.read_text(encoding="utf-8")
    assert OptionTables.list_markers(text), "the README shows no option table"
    assert OptionTables.update_text(text) == text, (
        "python DeepFaceLab/main.py option-tables --readme README.md --write")
