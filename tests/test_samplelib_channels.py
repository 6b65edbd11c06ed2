"""Channel counts are named: one samplelib feeds colour and gray models (spec 30, spec 60)."""
import re
from pathlib import Path

import samplelib
from samplelib.channels import COLOR, GRAY

LITERALS = (r"shape\[(2|-1)\] [=!]= \d", r"channels [=!]= \d", r"normalize_channels\(.*, [2-9]\)",
            r"np\.repeat\(.*, [2-9],")


def test_counts():
    assert (GRAY, COLOR) == (1, 3)


def test_no_source_of_the_package_counts_channels_by_a_literal():
    found = ["%s: %s" % (path.name, line.strip())
             for path in sorted(Path(samplelib.__file__).parent.glob("*.py"))
             for line in path.read_text().splitlines()
             if any(re.search(pattern, line) for pattern in LITERALS)]
    assert found == []
