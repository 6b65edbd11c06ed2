"""The memory that one step of a session really took, for the benches.

    from measured_peak import measure_peak
    peak = measure_peak(nn.tf, nn.tf_sess, fetches, feed_dict)
    peak.bytes              {device name: bytes}, e.g. {'/CPU:0': 123456}
    peak.seconds            of the traced run

Nothing of the environment is touched; TensorFlow is not imported.
"""
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[2] / 'DeepFaceLab'
if str(TREE) not in sys.path:
    sys.path.append(str(TREE))

from models.memory_plan.measuring import (Peak, collect_records, find_peak,  # noqa: E402,F401
                                          find_peaks, measure_peak, trace_step)
