"""models/preview_history.py: pictures written by a child process from what the chart needs (spec
20 section 8)."""
import os
import pickle

import cv2
import numpy as np
import pytest

from core.errors import UserError
from models.loss_chart import get_loss_history_preview, reduce_loss_history
from models.preview_history import (LossTail, PreviewHistoryWriter, compose_history_picture,
                                    write_history_pictures)


def test_pictures_are_written_with_the_chart_above(tmp_path):
    random = np.random.RandomState(0)
    history = random.rand(300, 2).tolist()
    image = random.rand(40, 60, 3).astype(np.float32)
    gray = random.rand(20, 30, 1).astype(np.float32)
    writer = PreviewHistoryWriter()
    try:
        writer.post([(image, str(tmp_path / 'a b' / '0000300.png')),
                     (gray, str(tmp_path / 'ü' / 'g.png'))], history, 300)
        blocked = tmp_path / 'file'
        blocked.write_bytes(b'')
        writer.post([(image, str(blocked / 'x.png'))], history, 301)
        writer.post([(image, str(tmp_path / 'a b' / '_last.png'))], history + [[0.5, 0.5]], 301)
    finally:
        writer.close()
    assert writer.worker.process.exitcode == 0

    def read(name):
        return cv2.imdecode(np.fromfile(str(tmp_path / name), np.uint8), cv2.IMREAD_UNCHANGED)
    chart = get_loss_history_preview(history, 300, 60, 3)
    expected = np.clip(np.concatenate([chart, image]) * 255, 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(read('a b/0000300.png'), expected)
    assert read('ü/g.png').shape == (120, 30)
    assert read('a b/_last.png').shape == (140, 60, 3)


def test_a_picture_that_cannot_be_written_is_reported(tmp_path, capsys):
    (tmp_path / 'file').write_bytes(b'')
    writer = PreviewHistoryWriter()
    writer.post([(np.zeros((8, 8, 3)), str(tmp_path / 'file' / 'x.jpg'))], [[1.0]], 1)
    writer.close()
    assert 'could not be written' in capsys.readouterr().out


def test_a_picture_is_the_old_one_or_the_new_one(tmp_path, monkeypatch):
    """Also those that Colab shows, <model>_preview_<name>.jpg, after a power cut."""
    path = tmp_path / 'm_preview_x.jpg'
    arguments = ([(np.zeros((8, 8, 3)), str(path))], {8: reduce_loss_history([[1.0]], 8)}, 1)
    write_history_pictures(*arguments)
    old, synced = path.read_bytes(), []
    replace = os.replace

    def refuse(source, target):
        raise OSError('refused')
    monkeypatch.setattr(os, 'fsync', synced.append)
    monkeypatch.setattr(os, 'replace', refuse)
    with pytest.raises(UserError, match='refused'):
        write_history_pictures(*arguments)
    assert path.read_bytes() == old and len(synced) == 1
    monkeypatch.setattr(os, 'replace', replace)
    write_history_pictures(*arguments)
    assert os.listdir(str(tmp_path)) == [path.name]


def test_a_dead_child_is_reported_once_and_training_goes_on(capsys):
    writer = PreviewHistoryWriter()
    writer.worker.process.terminate()
    writer.worker.process.join()
    for _ in range(3):
        writer.post([(np.zeros((8, 8, 3)), 'x.jpg')], [[1.0]], 1)
    writer.close()
    assert capsys.readouterr().out.count('has died') == 1


def test_it_pickles_to_nothing():
    writer = PreviewHistoryWriter()
    try:
        assert pickle.loads(pickle.dumps(writer)).__dict__ == {}
    finally:
        writer.close()


def test_the_text_over_bright_curves_does_not_wrap():
    from models.loss_chart import reduce_loss_history
    losses = reduce_loss_history([[1.0]] * 5, 300)
    picture = compose_history_picture(np.zeros((4, 300, 3)), losses, 1234567)
    expected = np.clip(get_loss_history_preview([[1.0]] * 5, 1234567, 300, 3), 0, 1) * 255
    np.testing.assert_array_equal(picture[:100], expected.astype(np.uint8))


def test_the_tail_follows_the_history():
    tail, history = LossTail(), []
    for step in range(50):
        history.append([float(step), 1.0])
        np.testing.assert_array_equal(tail.update(history), history)
    del history[10:]
    np.testing.assert_array_equal(tail.update(history), history)
    history[:] = [[5.0, 6.0], [7.0, 8.0]]
    np.testing.assert_array_equal(tail.update(history), history)
    assert tail.update([]).shape[0] == 0
    tail.update(history)
    history.append([1.0, 2.0, 3.0])
    assert tail.update(history).shape == (3, 3)
