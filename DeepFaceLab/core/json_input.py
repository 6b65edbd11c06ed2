"""JSON of files that people edit and pass on."""
import json
from typing import Any

_LONGEST_NUMBER = 400    # digits; Python needs quadratic time for a number of a million


def _parse_int(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number of {} digits".format(len(text)))
    return int(text)


def parse_json(text: str) -> Any:
    """`json.loads` that answers every damage with ValueError, deep nesting and endless numbers
    included."""
    try:
        return json.loads(text, parse_int=_parse_int)
    except RecursionError:
        raise ValueError("its values lie too deep in each other") from None
