"""The loss scale's file: what it holds, and what happens without a good one."""
import json

import pytest
from dfl_patches import scale_file


def test_what_is_written_is_read(tmp_path):
    weights = tmp_path / 'a.b_opt.npy'
    assert scale_file.read_scale(weights) is None
    scale_file.write_scale(weights, 4096.0, 17.0)
    scale_file.write_scale(str(weights), 2048.0, 18.0)
    assert [path.name for path in tmp_path.iterdir()] == ['a.b_opt_loss_scale.json']
    assert scale_file.read_scale(weights) == [2048.0, 18.0]
    assert json.loads(scale_file.name_scale_file(weights).read_text()) == {
        'scale': 2048.0, 'good_steps': 18}


@pytest.mark.parametrize('text', ['', '{', '[]', '{}', '{"scale": "x", "good_steps": 1}',
                                  '{"scale": NaN, "good_steps": 1}',
                                  '{"scale": 0, "good_steps": 1}',
                                  '{"scale": 1e30, "good_steps": 1}',
                                  '{"scale": 2, "good_steps": -1}'])
def test_a_bad_file_is_said_and_left(tmp_path, capsys, text):
    weights = tmp_path / 'opt.npy'
    scale_file.name_scale_file(weights).write_text(text)
    assert scale_file.read_scale(weights) is None
    assert 'opt_loss_scale.json' in capsys.readouterr().err
