"""core/imagelib/label.py: lines of text in any size."""
import numpy as np
import pytest

from core.imagelib import label


@pytest.fixture(params=['font', 'no font'])
def any_font(request, monkeypatch):
    """With the fonts of this machine, and with OpenCV's letters alone."""
    label.draw_text_mask.cache_clear()
    if request.param == 'no font':
        monkeypatch.setattr(label, '_find_font', lambda size: None)
    yield
    label.draw_text_mask.cache_clear()


@pytest.mark.parametrize('size', (10, 13, 26, 52))
def test_letters_lie_inside_their_line(any_font, size):
    mask = label.draw_text_mask('Agjpqy|', size)
    assert mask.shape[0] == label.get_line_height(size) and mask.max() > 150
    rows = np.flatnonzero(mask.max(1))
    assert rows[0] >= 0 and rows[-1] < mask.shape[0]
    assert rows[-1] - rows[0] >= 0.8 * size, 'as large as asked for'
    assert mask[:, -1].max() < 120, 'the last letter is whole'


def test_width_grows_with_text_and_size(any_font):
    widths = [label.measure_text('abc' * n, 13) for n in (1, 2, 3)]
    assert widths == sorted(widths) and widths[2] > 2 * widths[0]
    assert label.measure_text('abc', 26) > 1.6 * label.measure_text('abc', 13)


@pytest.mark.parametrize('c', (1, 3))
def test_label_is_written_in_place_and_cut_at_the_edges(any_font, c):
    picture = np.full((40, 100, c), 10, np.uint8)
    width = label.draw_label(picture, 'HHH', 20, 10, 16, [200] * c)
    assert picture.max() > 150 and (picture[:10] == 10).all() and (picture[:, :20] == 10).all()
    assert (picture[:, 20 + width:] == 10).all()
    for x, y in ((-10, -5), (95, 35), (200, 5), (5, 200)):
        label.draw_label(picture, 'HHH', x, y, 16, [200] * c)


def test_text_that_does_not_fit_ends_with_dots(any_font):
    text = 'a rather long line of text'
    assert label.fit_text(text, 13, 1000) == text
    short = label.fit_text(text, 13, 90)
    assert short.endswith('...') and len(short) < len(text)
    assert label.measure_text(short, 13) <= 90
    assert label.fit_text(text, 13, 2) == ''


def test_words_are_wrapped_whole(any_font):
    words = ['one: 1', 'two: 2', 'three: 3', 'four: 4']
    lines = label.wrap_words(words, 13, label.measure_text('one: 1   two: 2', 13) + 4)
    assert len(lines) >= 2 and '   '.join(lines).split('   ') == words
    assert label.wrap_words(words, 13, 10000) == ('   '.join(words),)
    assert label.wrap_words([], 13, 100) == ()


def test_bytes_of_a_file_name_that_are_no_text(any_font):
    """Python keeps them as halves of characters, with which OpenCV ends the process."""
    assert label.draw_text_mask('\udcff\udcfe.png', 13).max() > 150
