"""Our block at the end of the user's setenv.bat: nothing else in that file changes (spec 70
11.6 step 4)."""
import re
from typing import Dict

from . import names
from .names import InstallError

BEGIN = b"rem >>> " + names.PRODUCT.encode("ascii") + b" (uninstall.bat removes these lines)"
END = b"rem <<< " + names.PRODUCT.encode("ascii")
LINES = {
    "replace": [b'set "DFL_ROOT_SAEHDBW=%INTERNAL%\\DeepFaceLab_SAEHDBW"'],
    "side": [b'if exist "%INTERNAL%\\DeepFaceLab_TF1X\\main.py" if not "%DFL_IMPL%"=="original" '
             b'set "DFL_ROOT=%INTERNAL%\\DeepFaceLab_TF1X"',
             b'set "DFL_ROOT_SAEHDBW=%INTERNAL%\\DeepFaceLab_SAEHDBW"'],
}
ASSIGNMENT = re.compile(br'^\s*@?set\s+"?([^=\s"]+)=([^\r\n]*)', re.IGNORECASE | re.MULTILINE)


def find_line_end(content: bytes) -> bytes:
    """The style of the file; CRLF for one without lines."""
    return b"\n" if b"\n" in content and b"\r\n" not in content else b"\r\n"


def remove_block(content: bytes) -> bytes:
    """The file without our block; CONFLICT when the markers do not fit together.

    The line end before the block goes with it where adding the block put it there: that is marked
    in the first line (a file without a last line end).
    """
    begins, ends = content.count(BEGIN), content.count(END)
    if begins == 0 and ends == 0:
        return content
    start, stop = content.find(BEGIN), content.find(END)
    if begins != 1 or ends != 1 or stop < start:
        raise InstallError(names.CONFLICT, "setenv.bat holds a damaged block of this program.", [
            "delete by hand what stands between {} and {}".format(BEGIN.decode(), END.decode())])
    first = content[start + len(BEGIN):].split(b"\n", 1)[0].strip()
    before = content[:start]
    if first == b"+":
        before = before[:-2] if before.endswith(b"\r\n") else before[:-1]
    after = content[stop + len(END):]
    after = after[2:] if after.startswith(b"\r\n") else after[1:] if after[:1] == b"\n" else after
    return before + after


def make_block(mode: str, line_end: bytes, is_joined: bool) -> bytes:
    lines = [BEGIN + (b" +" if is_joined else b"")] + LINES[mode] + [END]
    return line_end.join(lines) + line_end


def needs_block(content: bytes, mode: str) -> bool:
    """Our own setenv.bat (a plain copy) finds everything by itself."""
    known = b"DeepFaceLab_TF1X" if mode == "side" else b"DFL_ROOT_SAEHDBW"
    return known not in remove_block(content)


def insert_block(content: bytes, mode: str) -> bytes:
    """The file with our block at its end, in its own line-end style.

    A file that leaves with `exit /b` or `goto :eof` at its end gets the block before that line.
    """
    content = remove_block(content)
    line_end = find_line_end(content)
    leaving = re.search(br"(?:^|\n)(\s*@?(?:exit\s*/b|goto\s*:?\s*eof)\b[^\r\n]*(?:\r?\n)*)\Z",
                        content, re.IGNORECASE)
    position = leaving.start(1) if leaving else len(content)
    before, after = content[:position], content[position:]
    is_joined = bool(before) and not before.endswith(b"\n")
    return (before + (line_end if is_joined else b"") + make_block(mode, line_end, is_joined)
            + after)


def read_assignments(content: bytes) -> Dict[str, str]:
    """{NAME in upper case: value as written} of the file, later lines win."""
    return {name.decode("latin-1").upper(): value.decode("latin-1").rstrip('" ')
            for name, value in ASSIGNMENT.findall(content)}
