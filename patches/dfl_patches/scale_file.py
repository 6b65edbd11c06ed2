"""The file that keeps an optimizer's loss scale: `<its weights file>_loss_scale.json`.

Older installs never look at it. Without it, or with one that cannot be read, the scale starts
anew and finds its value within some steps.
"""
import json
import os
import sys
from pathlib import Path
from typing import Any, List, Optional


def name_scale_file(weights_file: Any) -> Path:
    """`x_src_dst_opt.npy` -> `x_src_dst_opt_loss_scale.json` beside it."""
    path = Path(str(weights_file))
    return path.with_name(path.stem + "_loss_scale.json")


def write_scale(weights_file: Any, scale: float, good_steps: float) -> None:
    """Writes the file, whole or not at all."""
    path = name_scale_file(weights_file)
    temporary = path.with_name(path.name + ".tmp")
    with open(str(temporary), "w") as file:
        json.dump({"scale": scale, "good_steps": int(good_steps)}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(str(temporary), str(path))


def read_scale(weights_file: Any) -> Optional[List[float]]:
    """[scale, good steps] of the file; None if it is missing or, with a line that says so,
    unreadable."""
    path = name_scale_file(weights_file)
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        scale, good_steps = float(content["scale"]), float(content["good_steps"])
    except (ValueError, KeyError, TypeError) as error:
        warn("%s cannot be read (%s): the loss scale starts anew." % (path, error))
        return None
    if not (1.0 <= scale <= 2.0 ** 24 and 0 <= good_steps):     # NaN too
        warn("%s holds the loss scale %s: it starts anew." % (path, scale))
        return None
    return [scale, good_steps]


def warn(text: str) -> None:
    """A line for the user; the layer knows no tree's console."""
    sys.stderr.write(text + "\n")
