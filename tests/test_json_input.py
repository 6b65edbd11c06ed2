"""core/json_input.py: JSON whose every damage is a ValueError."""
import pytest

from core.json_input import parse_json


def test_reads_what_json_reads():
    assert parse_json('{"a": [1, 2.5, "x", null, true], "b": %s}' % ("9" * 400)) == {
        "a": [1, 2.5, "x", None, True], "b": int("9" * 400)}


@pytest.mark.parametrize("text", ["", "[", "[" * 100000, '{"a":' * 100000, "[1]x", "9" * 401,
                                  "[" + "9" * 1000000 + "]"])
def test_damage(text):
    with pytest.raises(ValueError):
        parse_json(text)
