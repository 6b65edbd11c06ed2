"""What the leras tests share: reference files, TensorFlow's version, gating."""
import gzip
import json
from pathlib import Path

from core.leras import nn

_GOLDEN = Path(__file__).parent / "golden" / "leras"


def load_golden(name):
    """A reference file of tests/golden/leras."""
    with gzip.open(str(_GOLDEN / (name + ".json.gz")), "rb") as file:
        return json.loads(file.read().decode())


def tf_version():
    """TensorFlow's (major, minor)."""
    version = getattr(nn.tf, "VERSION", None) or nn.tf.version.VERSION
    return tuple(int(part) for part in version.split(".")[:2])


def gate_gradients(loss, variables):
    """nn.gradients of which each waits for all: removes the reference's update race.

    (spec 10 section 14.2)
    """
    gv = nn.gradients(loss, variables)
    with nn.tf.control_dependencies([g for g, _ in gv]):
        return [(nn.tf.identity(g), v) for g, v in gv]
