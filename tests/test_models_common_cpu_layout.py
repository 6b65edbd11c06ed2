"""models/common/cpu_layout.py: the layout that convolutions on the CPU have."""
import numpy as np
import pytest
import saehd_support as support

from core.leras import nn
from models.common import cpu_layout


@pytest.fixture(autouse=True)
def engine():
    support.start_engine()
    cpu_layout.has_nchw_convolution.cache_clear()
    yield
    cpu_layout.has_nchw_convolution.cache_clear()


@pytest.mark.parametrize('dtype', ['float32', 'float16'])
def test_what_it_tells_holds_for_a_layer_and_its_gradient(dtype):
    """A convolution of the chosen layout runs; where NCHW is refused, it does not."""
    chosen = cpu_layout.choose_cpu_format(dtype)
    assert (chosen == 'NCHW') == cpu_layout.has_nchw_convolution(dtype)

    def run(data_format):
        nn.set_data_format(data_format)
        with nn.tf.variable_scope(data_format):
            layer = nn.Conv2D(3, 4, kernel_size=5, strides=2, dtype=nn.tf.as_dtype(dtype),
                              name='conv')
            layer.build_weights()
        layer.init_weights()
        x = nn.tf.ones((2, 3, 16, 16) if data_format == 'NCHW' else (2, 16, 16, 3), dtype)
        result = layer(x)
        return nn.tf_sess.run([result, nn.tf.gradients(result, [x])[0]])
    try:
        assert all(np.isfinite(x).all() for x in run(chosen))
        if chosen == 'NHWC':
            with pytest.raises((nn.tf.errors.UnimplementedError,
                                nn.tf.errors.InvalidArgumentError)):
                run('NCHW')
    finally:
        nn.set_data_format('NHWC')


def test_the_default_graph_and_session_are_not_touched():
    graph, session = nn.tf.get_default_graph(), nn.tf_sess
    cpu_layout.has_nchw_convolution()
    assert nn.tf.get_default_graph() is graph and nn.tf_sess is session
    assert graph.get_operations() == []


def test_an_error_of_another_kind_is_not_taken_for_an_answer(monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError('no such thing')
    monkeypatch.setattr(nn.tf.nn, 'conv2d', fail)
    with pytest.raises(ValueError, match='no such thing'):
        cpu_layout.has_nchw_convolution()
