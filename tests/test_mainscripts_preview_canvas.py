"""mainscripts/preview_canvas.py: the preview in a window of any size, its mouse."""
import numpy as np
import pytest

from mainscripts.preview_canvas import Layout, PreviewCanvas, lay_out
from mainscripts.preview_state import HISTORY_RANGES, PreviewState

SIZE = (900, 700)
WHEEL, LEFT, RIGHT = 10, 1, 5


def make_canvas(h=160, w=400, c=3, **message):
    state = PreviewState()
    previews = [(name, np.full((h, w, c), level, np.float32))
                for name, level in (('a', 0.25), ('b', 0.75))]
    state.receive(dict({'op': 'show', 'previews': previews, 'iter': 7,
                        'loss_history': [[5.0, 1.0]] * 2000 + [[1.0, 0.5]] * 2000}, **message))
    return PreviewCanvas(state)


def middle(chip):
    return chip.x + chip.width // 2, chip.y + chip.height // 2


@pytest.mark.parametrize('c', (1, 3))
@pytest.mark.parametrize('size', ((900, 700), (500, 420), (1600, 1200), (100, 80)))
def test_picture_has_the_size_of_the_window(size, c):
    drawn = make_canvas(c=c).draw(size, 1.0)
    assert drawn.shape == (size[1], size[0], c) and drawn.dtype == np.uint8


def test_nothing_before_the_first_preview():
    canvas = PreviewCanvas(PreviewState())
    assert canvas.draw(SIZE, 1.0) is None


def test_gray_preview_lies_in_the_middle_below_the_chart():
    canvas = make_canvas(c=1)
    drawn = canvas.draw(SIZE, 1.0)
    layout = canvas.layout
    assert layout.chart_height == 100 and layout.top == layout.head_height + 100
    assert canvas.viewport.scale == pytest.approx(2.25)
    assert drawn[(layout.top + SIZE[1]) // 2, SIZE[0] // 2, 0] == 63
    assert set(np.unique(drawn[-1])) == {16}, 'around it'
    assert drawn[layout.head_height:layout.top].max() > 200, 'the chart'


def test_labels_choose_the_range_of_the_chart():
    canvas = make_canvas()
    everything = canvas.draw(SIZE, 1.0)
    assert [chip.count for chip in canvas.layout.chips] == list(HISTORY_RANGES)
    assert [chip.text for chip in canvas.layout.chips[:2]] == ['all', '1000']
    for chip in canvas.layout.chips[1:] + canvas.layout.chips[:1]:
        canvas.take_mouse([middle(chip) + (LEFT, 0)])
        assert canvas.state.snapshot.range == chip.count
        assert canvas.needs_drawing(SIZE, 1.0, True)
        canvas.draw(SIZE, 1.0)
        assert not canvas.needs_drawing(SIZE, 1.0, True)
    canvas.take_mouse([middle(canvas.layout.chips[1]) + (LEFT, 0)])
    drawn = canvas.draw(SIZE, 1.0)
    rows = slice(canvas.layout.head_height, canvas.layout.top)
    assert (drawn[rows] != everything[rows]).any(), 'another part of the history'


def test_the_chosen_range_is_marked_whoever_chose_it():
    canvas = make_canvas()
    canvas.state.press('l')
    drawn = canvas.draw(SIZE, 1.0)
    levels = [drawn[chip.y + 1, chip.x + 1].tolist() for chip in canvas.layout.chips]
    assert levels[1] == [96, 208, 255] and levels[0] == levels[2] == [72, 72, 72]


def test_wheel_zooms_the_preview_and_not_the_head():
    canvas = make_canvas()
    canvas.draw(SIZE, 1.0)
    canvas.take_mouse([(450, 5, WHEEL, 120)])
    assert not canvas.viewport.is_zoomed
    y = canvas.layout.top + 200
    canvas.take_mouse([(450, y, WHEEL, 120)] * 3)
    assert canvas.viewport.is_zoomed and canvas.needs_drawing(SIZE, 1.0, True)
    canvas.draw(SIZE, 1.0)
    before = canvas.viewport.center
    canvas.take_mouse([(450, y, LEFT, 0), (400, y, 0, 0)])
    assert canvas.viewport.center[0] > before[0], 'dragged to the left'
    canvas.state.press(' ')
    canvas.draw(SIZE, 1.0)
    assert canvas.viewport.is_zoomed, 'the next preview is seen at the same place'
    canvas.take_mouse([(0, 0, RIGHT, 0)])
    assert not canvas.viewport.is_zoomed


def test_waiting_is_shown():
    canvas = make_canvas()
    before = canvas.draw(SIZE, 1.0)
    canvas.state.press('p')
    assert canvas.needs_drawing(SIZE, 1.0, True)
    after = canvas.draw(SIZE, 1.0)
    assert (before != after).any() and (before[canvas.layout.top:] == after[
        canvas.layout.top:]).all()


def test_debug_mode_has_no_chart_and_no_ranges():
    canvas = make_canvas(loss_history=None)
    canvas.draw(SIZE, 1.0)
    assert canvas.layout.chips == [] and canvas.layout.chart_height == 0
    canvas.take_mouse([(100, 60, LEFT, 0)])


@pytest.mark.parametrize('ui_scale', (1.0, 1.5, 2.0, 3.0))
def test_text_and_chart_grow_with_the_screen_s_resolution(ui_scale):
    layout = lay_out((2600, 2200), ui_scale, True, True)
    assert layout.text_size == int(round(13 * ui_scale))
    assert layout.chart_height == int(round(100 * ui_scale))
    for chip in layout.chips:
        assert 0 <= chip.x and chip.x + chip.width <= 2600
        assert layout.find_range(*middle(chip)) == chip.count
    assert layout.find_range(0, 0) is None


@pytest.mark.parametrize('width', (200, 320, 500, 900))
def test_labels_stay_inside_narrow_windows(width):
    layout = Layout(width, 1.0, True, True)
    for chip in layout.chips:
        assert chip.x + chip.width <= width and chip.y + chip.height <= layout.head_height
    boxes = sorted((chip.y, chip.x, chip.width) for chip in layout.chips)
    for one, other in zip(boxes, boxes[1:]):
        assert one[0] != other[0] or one[1] + one[2] <= other[1], 'none covers another'


def test_small_windows_keep_room_for_the_preview():
    layout = lay_out((420, 480), 2.0, True, True)
    assert layout.top <= 0.6 * 480 and layout.text_size >= 10


def test_window_opens_as_large_as_preview_and_head_or_the_screen_allow():
    canvas = make_canvas(h=800, w=1000)
    width, height = canvas.choose_size(1.0, (3840, 2160), True)
    assert width == 1000 and height == Layout(1000, 1.0, True, True).top + 800
    width, height = canvas.choose_size(2.0, (1920, 1080), True)
    assert (width, height) == (1766, 993)
    assert make_canvas(h=64, w=64).choose_size(1.0, (1920, 1080), True)[0] == 640


def test_status_text_of_the_chart(monkeypatch):
    """What the model left for it stands in the chart; its size is an option."""
    pictures = []
    for text, minus in (('', '2'), ('batch 4', '2'), ('batch 4', '6')):
        monkeypatch.setenv('dfl_model_parameters_string', text)
        monkeypatch.setenv('font_size_minus_for_iter', minus)
        canvas = make_canvas()
        drawn = canvas.draw(SIZE, 1.0)
        pictures.append(drawn[canvas.layout.head_height:canvas.layout.top])
    assert (pictures[0] != pictures[1]).any() and (pictures[1] != pictures[2]).any()
    sizes = []
    for minus in ('0', '2', '6'):
        monkeypatch.setenv('font_size_minus_for_iter', minus)
        sizes.append(Layout(900, 2.0, True, True).choose_chart_text_size())
    assert sizes == [30, 26, 18]
