"""Which half precision is taken on which device, and what is refused by name."""
import pytest
import saehd_support as support
from core.leras import nn
from core.leras.device import Device
from dfl_patches import half_support
from dfl_patches.errors import PatchError


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    support.start_engine()
    monkeypatch.delenv(half_support.FORCE_NAME, raising=False)


def set_up(monkeypatch, kernels=True, onednn=True, flags=('avx512f',)):
    monkeypatch.setattr(half_support, 'get_version', lambda nn: (2, 21))
    monkeypatch.setattr(half_support, '_has_bf16_kernel', lambda op, device: kernels)
    monkeypatch.setattr(half_support, 'is_onednn_on', lambda: onednn)
    monkeypatch.setattr(half_support, 'read_cpu_flags', lambda: list(flags))


def test_a_fitting_processor_gets_bf16(monkeypatch):
    set_up(monkeypatch)
    assert half_support.choose_bf16(nn) == half_support.choose_mixed(nn) == nn.tf.bfloat16


@pytest.mark.parametrize('lacking, named', [
    (dict(onednn=False), 'oneDNN'), (dict(flags=('avx2',)), 'AVX-512'),
    (dict(flags=()), 'AVX-512')])
def test_slow_bf16_is_refused_unless_forced(monkeypatch, lacking, named):
    set_up(monkeypatch, **lacking)
    with pytest.raises(PatchError, match=named) as caught:
        half_support.choose_bf16(nn)
    assert any(half_support.FORCE_NAME in remedy for remedy in caught.value.remedies)
    assert half_support.choose_mixed(nn) == nn.tf.float16
    monkeypatch.setenv(half_support.FORCE_NAME, '1')
    assert half_support.choose_bf16(nn) == nn.tf.bfloat16


def test_bf16_without_kernels_is_refused_even_if_forced(monkeypatch):
    set_up(monkeypatch, kernels=False)
    monkeypatch.setenv(half_support.FORCE_NAME, '1')
    with pytest.raises(PatchError, match='kernel'):
        half_support.choose_bf16(nn)


def test_kernels_are_those_of_this_tensorflow():
    version = half_support.get_version(nn)
    if version < (2, 7):
        assert half_support.explain_no_bf16_kernels(nn) is not None
    elif version >= (2, 21):
        assert half_support.explain_no_bf16_kernels(nn) is None


def test_onednn_follows_the_environment_of_the_tests():
    assert not half_support.is_onednn_on()      # tree_setup.py switches it off


def test_fp16_on_the_cpu_is_taken_and_said_to_be_slow(capsys):
    assert half_support.choose_fp16(nn) == nn.tf.float16
    assert 'fp16' in capsys.readouterr().err


@pytest.mark.parametrize('capability, dtype', [((7, 5), 'float16'), ((8, 0), 'bfloat16'),
                                               ((12, 0), 'bfloat16'), (None, 'float16')])
def test_mixed_on_a_gpu_follows_its_compute_capability(monkeypatch, capability, dtype):
    set_up(monkeypatch)
    monkeypatch.setattr(half_support, '_get_compute_capability', lambda nn: capability)
    nn.setCurrentDeviceConfig(nn.DeviceConfig([Device(0, 'GPU', 'x', 1 << 30, 1 << 30)]))
    try:
        assert half_support.choose_mixed(nn).name == dtype
    finally:
        nn.setCurrentDeviceConfig(nn.DeviceConfig.CPU())
