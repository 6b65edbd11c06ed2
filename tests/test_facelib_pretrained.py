"""facelib/pretrained.py: whole weight files are loaded, others refused."""
import numpy as np
import pytest

from core import persist
from core.errors import UserError
from core.leras import nn
from core.leras.weights_file import WeightsMismatchError
from facelib.pretrained import load_pretrained


@pytest.fixture
def model():
    nn.initialize(nn.DeviceConfig.CPU(), data_format="NHWC")
    nn.reset_session()

    class Small(nn.ModelBase):
        def on_build(self):
            self.conv = nn.Conv2D(3, 4, kernel_size=3)
            self.dense = nn.Dense(1, 2, use_bias=False)

    yield Small(name="Small")
    nn.close_session()


def make_content(dtype=np.float32):
    return {"conv/weight:0": np.arange(108, dtype=dtype).reshape(3, 3, 3, 4),
            "conv/bias:0": np.arange(4, dtype=dtype), "dense/weight:0": np.array([[1, 2]], dtype),
            "something/else:0": np.zeros(1)}


def write(folder, content):
    path = folder / "Small.npy"
    persist.write_bytes(path, persist.dumps(content))
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_precisions(dtype, model, tmp_path):
    load_pretrained(model, write(tmp_path, make_content(dtype)))
    values = model.get_weights_np()
    assert [v.dtype for v in values] == [np.float32] * 3
    for value, expected in zip(values, make_content().values()):
        assert np.array_equal(value, expected)


def test_missing_file(model, tmp_path):
    with pytest.raises(UserError, match="are missing") as error:
        load_pretrained(model, tmp_path / "Small.npy")
    assert "copy Small.npy there" in error.value.remedies[0]


@pytest.mark.parametrize("key, value", [("dense/weight:0", None), ("conv/bias:0", np.zeros(5))])
def test_file_of_another_network(key, value, model, tmp_path):
    content = make_content()
    content[key] = value
    if value is None:
        del content[key]
    with pytest.raises(WeightsMismatchError, match=key.split("/")[0]):
        load_pretrained(model, write(tmp_path, content))


@pytest.mark.parametrize("data", [b"", b"cos\nsystem\n(S'exit'\ntR.", b"\x80\x04]."])
def test_damaged_and_unsafe_files(data, model, tmp_path):
    (tmp_path / "Small.npy").write_bytes(data)
    with pytest.raises(UserError):
        load_pretrained(model, tmp_path / "Small.npy")
