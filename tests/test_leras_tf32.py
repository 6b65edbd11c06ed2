"""core/leras/tf32.py: the option reaches TensorFlow where it has the setting."""
import sys
from types import SimpleNamespace

import pytest

from core import options
from core.leras import nn, tf32


@pytest.fixture
def give(monkeypatch):
    def give(**flags):
        monkeypatch.setattr(options, '_sources', options.OptionSources(flags=flags, environ={}))
    return give


def make_tensorflow():
    state = [True]
    experimental = SimpleNamespace(
        enable_tensor_float_32_execution=lambda on: state.__setitem__(0, on),
        tensor_float_32_execution_enabled=lambda: state[0])
    return SimpleNamespace(config=SimpleNamespace(experimental=experimental), __version__='2.x')


def test_the_default_of_tensorflow_stays_when_nothing_is_given(give):
    give()
    tensorflow = make_tensorflow()
    tensorflow.config.experimental.enable_tensor_float_32_execution = None
    tf32.apply_option(tensorflow)
    assert tf32.is_enabled(tensorflow) is True


@pytest.mark.parametrize('text, state', [('n', False), ('0', False), ('y', True)])
def test_it_is_switched(text, state, give):
    give(allow_tf32=text)
    tensorflow = make_tensorflow()
    tf32.apply_option(tensorflow)
    assert tf32.is_enabled(tensorflow) is state


def test_a_version_without_it_says_so(give, capsys):
    give(allow_tf32='n')
    tensorflow = SimpleNamespace(__version__='1.15.5', config=SimpleNamespace())
    tf32.apply_option(tensorflow)
    assert 'allow_tf32 = False has no effect: TensorFlow 1.15.5' in capsys.readouterr().out
    assert tf32.is_enabled(tensorflow) is None


def test_the_real_tensorflow(give):
    nn.initialize(nn.DeviceConfig.CPU())
    tensorflow = sys.modules['tensorflow']
    before = tf32.is_enabled(tensorflow)
    if before is None:
        pytest.skip('this TensorFlow has no TF32 setting')
    try:
        give(allow_tf32='n')
        tf32.apply_option(tensorflow)
        assert tf32.is_enabled(tensorflow) is False
    finally:
        give(allow_tf32='y')
        tf32.apply_option(tensorflow)
    assert before is True and tf32.is_enabled(tensorflow) is True
