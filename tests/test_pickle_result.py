"""core/pickle_result.py: what an unpickler returned, and what a walk through it would cost."""
import numpy as np
import pytest

from core.errors import CorruptFileError
from core.pickle_result import FREE_VALUES, MAX_DEPTH, SHARED_VALUES, resolve_values


def resolve(root):
    return resolve_values(root, lambda value, visit: value)


class Wrapped:
    def __init__(self, value):
        self.value = value


def unwrap(value, visit):
    return visit(value.value) if isinstance(value, Wrapped) else value


def test_values_are_replaced_wherever_they_stand():
    array = np.ones(2)
    inner = [Wrapped(1), "x"]
    root = {"a": inner, "t": (1, (Wrapped(array), 2.5)), "same": inner, "n": [[1, 2], [3]]}
    result = resolve_values(root, unwrap)
    assert result is root and result["a"] is result["same"] is inner
    assert result["a"] == [1, "x"] and result["t"][1][0] is array and result["n"] == [[1, 2], [3]]


def test_what_holds_nothing_to_replace_is_kept_as_it_is():
    values = (1, (2, 3), [(4,)])
    assert resolve(values) is values


def test_a_list_may_hold_itself_a_tuple_not():
    endless = [1]
    endless.append(endless)
    assert resolve(endless) is endless
    inner = []
    inner.append((inner, 1))
    assert resolve(inner) is inner
    with pytest.raises(CorruptFileError, match="holds itself"):
        resolve(inner[0])


def nest(depth, kind):
    value = kind()
    for _ in range(depth):
        value = {"a": value} if kind is dict else kind([value])
    return value


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_depth(kind):
    assert resolve(nest(MAX_DEPTH - 1, kind)) is not None
    with pytest.raises(CorruptFileError, match="deep"):
        resolve(nest(MAX_DEPTH + 2, kind))    # the innermost lists are taken in one go


def share(levels, make):
    value = make(0, 1)
    for _ in range(levels):
        value = make(value, value)
    return value


@pytest.mark.parametrize("make", [lambda a, b: [a, b], lambda a, b: (a, b),
                                  lambda a, b: {"a": a, "b": b}])
def test_values_that_unfold_without_end(make):
    assert resolve(share(12, make)) is not None
    for levels in (20, 60, 98):
        with pytest.raises(CorruptFileError, match="refer to each other"):
            resolve(share(levels, make))


def test_one_list_of_numbers_in_many_places():
    numbers = [0.5] * 1000
    assert len(resolve([numbers] * 100)) == 100
    for root in ([numbers] * 100000, [[numbers] * 1000] * 1000):
        with pytest.raises(CorruptFileError, match="refer to each other"):
            resolve(root)


def test_what_the_file_spells_out_may_be_large():
    count = FREE_VALUES // 100
    history = [[float(i), 2.0] for i in range(count * SHARED_VALUES)]
    assert resolve({"loss_history": history})["loss_history"] is history
