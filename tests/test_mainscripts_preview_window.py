"""mainscripts/preview_window.py: state and picture of the preview window (spec 20 section 13.5)."""
import numpy as np
import pytest

from mainscripts.preview_window import PreviewWindow, fit_previews


def image(h, w, c=3):
    return np.random.RandomState(h).uniform(0, 1, (h, w, c)).astype(np.float32)


def show(window, *images, **more):
    previews = [(chr(97 + i), picture) for i, picture in enumerate(images)]
    window.receive(
        dict({'op': 'show', 'previews': previews, 'iter': 5, 'loss_history': [[1.0, 2.0]] * 5},
             **more))


def test_previews_get_one_size_and_resized_ones_move_to_the_end():
    fitted = fit_previews([('small', image(40, 60)), ('large', image(80, 90)),
                           ('flat', image(80, 90)[..., 0])])
    assert [(name, picture.shape) for name, picture in fitted] == [
        ('large', (80, 90, 3)), ('flat', (80, 90, 1)), ('small', (80, 90, 3))]


def test_previews_are_at_most_800_high():
    (_, picture), = fit_previews([('a', image(1000, 333, 1))])
    assert picture.shape == (800, int(333 / (1000 / 800)), 1)


@pytest.mark.parametrize('c', [1, 3])
def test_picture(c):
    window = PreviewWindow()
    assert window.draw() is None
    show(window, image(50, 200, c))
    assert window.is_changed
    picture = window.draw()
    assert picture.shape == (3 * 15 + 100 + 50, 200,
                             c) and picture.dtype == np.uint8 and not window.is_changed
    np.testing.assert_array_equal(picture[145:], (image(50, 200, c) * 255).astype(np.uint8))
    assert (picture[:45] > 30).any(), 'the head has text'


def test_debug_message_has_no_chart():
    window = PreviewWindow()
    window.receive({'op': 'show', 'previews': [('debug', image(50, 80))]})
    assert window.draw().shape == (45 + 50, 80, 3)


def test_keys_that_ask_the_trainer():
    window = PreviewWindow()
    show(window, image(20, 30))
    assert [window.press(key) for key in 'sb\r\n'] == ['save', 'backup', 'close', 'close']
    assert [window.press(key) for key in 'ppx'] == ['preview', None,
                                                    None], 'one pending request at a time'
    show(window, image(20, 30))
    assert window.press('p') == 'preview'
    show(window, image(20, 30))
    assert [window.press(key) for key in '209'] == ['save', 'backup',
                                                    'preview'], 'digits of SAEHDBW'


def test_space_goes_round_the_previews():
    window = PreviewWindow()
    assert window.press(' ') is None
    show(window, image(20, 30), image(20, 30), image(20, 30))
    seen = []
    for _ in range(4):
        seen.append(window.selected)
        window.draw()
        window.press(' ')
        assert window.is_changed
    assert seen == [0, 1, 2, 0]
    window.selected = 2
    show(window, image(20, 30), image(20, 30))
    assert window.selected == 0


def test_range_of_the_chart():
    window = PreviewWindow()
    history = [[5.0]] * 20000 + [[1.0]] * 5000
    show(window, image(20, 100), loss_history=history)
    everything = window.draw()
    seen = []
    for _ in range(5):
        assert window.press('l') is None
        seen.append(window.range)
    assert seen == [5000, 10000, 50000, 100000, 0]
    window.press('l')
    assert (window.draw()[45:145] != everything[45:145]).any()
