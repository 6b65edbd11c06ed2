"""What the editor remembers of its window, a JSON file of the user (spec 51 section 17)."""
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, Optional

from core import persist
from core.errors import UserError
from core.interact import interact as io

FILE_NAME = "xseg_editor.json"
MIN_STEP, MAX_STEP = 5, 500     # faces that Shift passes


def find_folder() -> Path:
    """The user's own folder for settings."""
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or str(home))
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or str(home / ".config"))
    return base / "DeepFaceLab"


class Settings:
    """`geometry`: bytes as Qt gives them, or None. `step`: faces that Shift passes."""

    def __init__(self, folder: Optional[Path] = None) -> None:
        self.path = (folder or find_folder()) / FILE_NAME
        self.geometry: Optional[bytes] = None
        self.step = MIN_STEP
        self._read()

    def _read(self) -> None:
        """A damaged file is named, and the editor starts as for the first time."""
        if not self.path.exists():
            return
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            geometry = data.get("geometry")
            step = int(data.get("step", MIN_STEP))
            self.geometry = None if geometry is None else base64.b64decode(geometry)
            self.step = min(max(step, MIN_STEP), MAX_STEP)
        except (OSError, ValueError, TypeError, AttributeError, OverflowError) as error:
            io.log_err("%s cannot be used, the window starts as at first: %s" % (self.path, error))

    def save(self) -> None:
        """A place that cannot be written is reported; the work is not in it."""
        data: Dict[str, Any] = {"step": self.step}
        if self.geometry is not None:
            data["geometry"] = base64.b64encode(self.geometry).decode("ascii")
        try:
            persist.make_folder(self.path.parent)
            persist.write_text(self.path, json.dumps(data, indent=1, sort_keys=True) + "\n")
        except UserError as error:
            io.log_err(str(error))
