"""Option tables in Markdown, generated from the Option declarations: the README shows nothing else.

In a document `<!-- option table: SAEHD -->` ... `<!-- end -->` encloses the table of that
name: process and trainer (never asked), start (which model, which device), common, export, merge,
videoed, tools (of facesets), or a model whose package has options.OPTIONS (and
options.MERGE_OPTIONS, asked when merging).
"""
import importlib
import importlib.util
import re
from pathlib import Path
from typing import Dict, List, Optional

from core import options, persist
from core.errors import UserError
from core.options import Option
from mainscripts import cli

MARKER = re.compile(r"(<!-- option table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def collect_tables() -> Dict[str, List[Option]]:
    """{table name: options}, in the order in which they are shown."""
    from core import process_options
    from facelib import mediapipe_place
    from mainscripts import (FacesetEnhancer, FacesetResizer, Sorter, VideoEd, XSegUtil,
                             extract_options)
    from merger import merge_options, merge_questions
    from models import common_options
    from models.common import face_options
    from samplelib.PackedFaceset import OPTIONS as PACK_OPTIONS

    tables = {"process": list(process_options.PROCESS_OPTIONS),
              "common": list(common_options.COMMON_OPTIONS),
              "start": list(common_options.START_OPTIONS),
              "trainer": list(common_options.TRAINER_OPTIONS),
              "export": list(face_options.EXPORT_OPTIONS),
              "merge": list(merge_questions.QUESTIONS) + list(merge_options.MERGE_OPTIONS),
              "extract": list(extract_options.OPTIONS) + [mediapipe_place.PYTHON],
              "videoed": list(VideoEd.OPTIONS),
              "tools": [option for options_of_verb in (
                  Sorter.OPTIONS, PACK_OPTIONS, FacesetResizer.OPTIONS, FacesetEnhancer.OPTIONS,
                  XSegUtil.OPTIONS) for option in options_of_verb]}
    for name in cli.list_models():
        if has_options(name):
            module = importlib.import_module("models.Model_{}.options".format(name))
            tables[name] = list(module.OPTIONS) + list(getattr(module, "MERGE_OPTIONS", ()))
    return tables


def has_options(name: str) -> bool:
    """Whether a model's folder holds options.py. The model is not imported: one that cannot be
    must not hide the tables of the others."""
    spec = importlib.util.find_spec("models.Model_" + name)
    folders = (spec.submodule_search_locations if spec else None) or []
    return any((Path(folder) / "options.py").is_file() for folder in folders)


def list_markers(text: str) -> List[str]:
    """Names of the tables that a document shows."""
    return [match.group(2) for match in MARKER.finditer(text)]


def update_text(text: str) -> str:
    """`text` with every enclosed table replaced. UserError for a table that does not exist."""
    tables = collect_tables()

    def fill(match):
        name = match.group(2)
        if name not in tables:
            raise UserError("There is no option table {!r}.".format(name),
                            ["tables: " + ", ".join(tables)])
        return match.group(1) + "\n".join(options.describe(tables[name])) + "\n" + match.group(4)

    return MARKER.sub(fill, text)


def main(readme_path: Optional[Path] = None, write: bool = False) -> None:
    """Prints all tables, or checks (with `write` updates) those of a document.

    UserError when the document is out of date and may not be written.
    """
    if readme_path is None:
        from core.process_options import OBSOLETE_NAMES

        for name, declared in collect_tables().items():
            print("\n".join(["", "### " + name, ""] + options.describe(declared)))
        print("\nAccepted in the environment, without effect: " + ", ".join(OBSOLETE_NAMES))
        return
    if not readme_path.is_file():
        raise UserError("There is no file {}.".format(readme_path))
    text = readme_path.read_text(encoding="utf-8")
    updated = update_text(text)
    if updated == text:
        print("{}: up to date".format(readme_path))
    elif write:
        persist.write_bytes(readme_path, updated.encode("utf-8"))
        print("{}: tables updated".format(readme_path))
    else:
        raise UserError("The option tables of {} are out of date.".format(readme_path),
                        ["add --write"])
