"""ops/session.py: values between NumPy and the session (spec 10 section 5.1)."""
import numpy as np
import pytest

from core.leras import nn
from leras_cases import start_graph


@pytest.fixture(autouse=True)
def graph():
    start_graph()


def count_ops():
    return len(nn.tf.get_default_graph().get_operations())


def make_variable(name, shape=(2, 3), dtype=None, **kwargs):
    return nn.tf.get_variable(name, shape, dtype or nn.tf.float32, **kwargs)


def test_values_are_cast_and_read_back():
    a = make_variable("a")
    b = make_variable("b", (3,), nn.tf.int64, initializer=nn.tf.initializers.zeros())
    nn.batch_set_value([(a, [[1, 2, 3], [4, 5, 6]]), (b, np.float64([1.9, 2, 3]))])
    values = nn.batch_get_value([a, b])
    assert values[0].dtype == np.float32 and values[0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert values[1].dtype == np.int64 and values[1].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(nn.tf_get_value(a * 2), values[0] * 2)


def test_graph_does_not_grow():
    """Every save and load of a long run sets all weights."""
    variables = [make_variable("v%d" % i) for i in range(4)]
    nn.batch_set_value([(v, np.zeros((2, 3))) for v in variables])
    before = count_ops()
    for i in range(20):
        nn.batch_set_value([(v, np.full((2, 3), i)) for v in variables])
    assert count_ops() == before
    assert (nn.batch_get_value(variables[3:])[0] == 19).all()


def test_setters_belong_to_their_graph():
    a = make_variable("a")
    nn.batch_set_value([(a, np.ones((2, 3)))])
    start_graph()
    a = make_variable("a")
    nn.batch_set_value([(a, np.full((2, 3), 2))])
    assert (nn.tf_get_value(a) == 2).all()


def test_initializers_are_run_as_they_are():
    a = make_variable("a", initializer=nn.tf.initializers.constant(5.0))
    b = make_variable("b")
    nn.batch_set_value([(a, a.initializer), (b, np.ones((2, 3)))])
    assert (nn.tf_get_value(a) == 5).all() and (nn.tf_get_value(b) == 1).all()


def test_empty_lists_do_nothing(monkeypatch):
    monkeypatch.setattr(nn, "tf_sess", None)
    nn.batch_set_value([])
    nn.init_weights([])
    assert nn.batch_get_value([]) == []


def test_assignments_are_on_the_cpu_whatever_scope_is_open():
    a = make_variable("a")
    with nn.tf.device("/GPU:0"):
        nn.batch_set_value([(a, np.ones((2, 3)))])
    devices = {op.type: op.device for op in nn.tf.get_default_graph().get_operations()}
    # an assignment goes with its variable
    assert devices["Placeholder"] == "/device:CPU:0" and "GPU" not in devices["Assign"]


def test_ordinary_weights_first_then_the_convolution_aware(monkeypatch):
    calls = []
    session = nn.tf_sess

    class Session:
        @staticmethod
        def run(fetches, *args, **kwargs):
            calls.append("run")
            return session.run(fetches, *args, **kwargs)
    monkeypatch.setattr(nn, "tf_sess", Session)
    monkeypatch.setattr(nn.initializers.ca, "generate_batch", staticmethod(
        lambda rows: calls.append(rows) or [np.full(s, i + 1, d) for i, (s, d) in enumerate(rows)]))
    aware = [make_variable("k%d" % i, (3, 3, 2, i + 1), initializer=nn.initializers.ca())
             for i in range(2)]
    plain = make_variable("plain", initializer=nn.tf.initializers.constant(7.0))
    nn.init_weights([aware[0], plain, aware[1]])
    assert calls == ["run", [([3, 3, 2, 1], np.float32), ([3, 3, 2, 2], np.float32)], "run"]
    values = session.run(aware + [plain])
    assert [np.unique(value).tolist() for value in values] == [[1], [2], [7]]
    assert "_cai_" in aware[0].initializer.inputs[1].name
