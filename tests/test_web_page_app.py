"""mainscripts/web_page/app.py and pictures.py: the page shows what the window shows, and steers it;
no route leads out of its table."""
import builtins
import sys

import cv2
import numpy as np
import pytest

from core.errors import UserError
from mainscripts.preview_canvas import CHOSEN_COLOR, PreviewCanvas, tone
from mainscripts.preview_state import (HISTORY_RANGES, PreviewState, describe_keys,
                                       describe_selection)
from mainscripts.preview_window import PreviewWindow, draw_head
from mainscripts.web_page import pictures
from models.loss_chart import CHART_HEIGHT, LINES_COUNT
from web_support import Client, make_message, make_state, open_page  # noqa: F401 a fixture


@pytest.fixture
def ops():
    return []


@pytest.fixture
def enter(open_page, ops):      # noqa: F811
    def enter(state):
        client = Client(open_page(state, ops.append))
        client.enter()
        return client
    return enter


def decode(data, c):
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return image.reshape(image.shape[0], image.shape[1], c)


@pytest.mark.parametrize('c', [1, 3])
@pytest.mark.parametrize('keys', ['', ' ', 'l', ' lll'])
def test_page_and_window_show_the_same(c, keys, enter):
    state = make_state(shape=(60, 300, c))
    for key in keys:
        state.press(key)
    picture = PreviewWindow(state).draw()
    client = enter(state)
    shown = client.get_state()
    status, headers, preview = client.get('/preview/%d.png' % shown['selected'])
    assert status == 200 and headers['Content-Type'] == 'image/png'
    texts = shown['keys_text'] + [shown['selection_text']]
    assert texts == describe_keys() + [describe_selection(state.snapshot)]
    head = (np.clip(draw_head(texts, 300, c), 0, 1) * 255).astype(np.uint8)
    below = len(head) + CHART_HEIGHT
    np.testing.assert_array_equal(head, picture[:len(head)])
    np.testing.assert_array_equal(decode(client.get('/chart.png')[2], c),
                                  picture[len(head):below])
    np.testing.assert_array_equal(decode(preview, c), picture[below:])
    others = [decode(client.get('/preview/%d.png' % i)[2], c) for i in range(2)]
    assert (others[0] != others[1]).any()


@pytest.mark.parametrize('c', [1, 3])
@pytest.mark.parametrize('keys', ['', ' l'])
def test_page_and_sized_window_show_the_same(c, keys, enter):
    state = make_state(shape=(300, 900, c))
    for key in keys:
        state.press(key)
    canvas = PreviewCanvas(state)
    canvas.draw((900, 700), 1.0)
    top = canvas.layout.top
    picture = canvas.draw((900, top + 300), 1.0)     # the preview as large as it is
    assert canvas.viewport.scale == 1.0
    client = enter(state)
    shown = client.get_state()
    np.testing.assert_array_equal(
        decode(client.get('/preview/%d.png' % shown['selected'])[2], c), picture[top:])
    chosen = [chip.count for chip in canvas.layout.chips
              if (picture[chip.y + 1, chip.x + 1] == tone(CHOSEN_COLOR, c)).all()]
    assert chosen == [shown['range']]
    curves = CHART_HEIGHT * (LINES_COUNT - 1) // LINES_COUNT - 1     # text stands in the last band
    chart = decode(client.get('/chart.png')[2], c)
    np.testing.assert_array_equal(
        chart[:curves], picture[top - CHART_HEIGHT:top - CHART_HEIGHT + curves])


def test_the_page_steers_what_the_window_shows(enter, ops):
    state = make_state(count=3)
    window = PreviewWindow(state)
    client = enter(state)
    for path in ('/press?key=%20', '/press?key=l', '/press?key=p', '/press?key=p',
                 '/press?key=s', '/press?key=2', '/press?key=b'):
        assert client.post(path)[0] == 200
    assert (window.selected, window.range, window.is_changed) == (1, 1000, True)
    assert ops == ['preview', 'save', 'save', 'backup'], 'one preview at a time'
    assert client.get_state()['is_waiting']
    window.receive(make_message(3))
    window.press(' ')
    window.press('l')
    shown = client.get_state()
    assert (shown['selected'], shown['range'], shown['is_waiting']) == (2, 2500, False)
    client.post('/select?index=0')
    client.post('/range?count=50000')
    assert (window.selected, window.range) == (0, 50000)
    assert client.post('/press?key=%0D')[0] == 200
    assert ops[-1] == 'close' and client.get_state()['is_closing']


def test_before_the_first_preview_and_in_debug_mode(enter):
    state = PreviewState()
    client = enter(state)
    assert client.get('/preview/0.png')[0] == client.get('/chart.png')[0] == 404
    assert client.post('/press?key=%20')[0] == client.post('/press?key=l')[0] == 200
    shown = client.get_state()
    assert shown['previews'] == [] and not shown['has_chart'] and shown['model_name'] == ''
    state.receive({'op': 'show', 'previews': make_message(1)['previews']})
    assert client.get('/preview/0.png')[0] == 200 and client.get('/chart.png')[0] == 404
    assert not client.get_state()['has_chart']


def test_state_of_the_trainer(enter):
    state = make_state()
    client = enter(state)
    state.report_warning('NOT saved: <script>')
    first = client.get_state()
    assert first['iteration'] == first['warning_iter'] == 3007 and first['target_iter'] == 5000
    assert first['status_line'].endswith('[0.5000]') and first['saved_iter'] == 3000
    assert first['warning'] == 'NOT saved: <script>' and first['ranges'] == list(HISTORY_RANGES)
    state.report(iteration=3008)
    second = client.get_state()
    assert second['version'] > first['version'] and second['iteration'] == 3008
    assert second['picture_version'] == first['picture_version']


@pytest.mark.parametrize('path', [
    '/press', '/press?key=', '/press?key=x', '/press?key=ss', '/select', '/select?index=-1',
    '/select?index=a', '/select?index=%D9%A1', '/select?index=' + '9' * 5000, '/range?count=7',
    '/range', '/range?count=1e3', '/range?count=-1000'])
def test_what_is_no_key_or_number_changes_nothing(path, enter, ops):
    state = make_state()
    client = enter(state)
    before = state.snapshot
    assert client.post(path)[0] == 400
    assert state.snapshot is before and ops == []


@pytest.mark.parametrize('path', [
    '/../app.py', '/../../Trainer.py', '/%2e%2e/app.py', '/..%2fapp.py', '/..\\app.py',
    '/files/page.html', '//etc/passwd', '/etc/passwd', '/page.css/../../app.py', '/./page.css',
    '/preview/../page.css', '/preview/%2e%2e/%2e%2e/app.py', '/preview/-1.png', '/preview/2.png',
    '/preview/0.png/x', '/page.css%00.png', '/preview/' + '9' * 5000 + '.png'])
def test_no_path_leads_out_of_the_table(path, enter):
    client = enter(make_state())
    status, _, body = client.get(path)
    assert status in (400, 404), path
    assert b'import' not in body and b'root:' not in body and b':root' not in body


def test_files_of_the_page_ask_nobody_else(enter):
    client = enter(make_state())
    for path in ('/', '/page.css', '/page.js', '/icon.svg'):
        text = client.get(path)[2].decode('utf-8')
        assert text.replace('http://www.w3.org/2000/svg', '').count('://') == 0, path


def test_a_picture_is_made_once(monkeypatch, enter):
    made = []
    encode = pictures.encode_png
    monkeypatch.setattr(pictures, 'encode_png', lambda image: made.append(1) or encode(image))
    state = make_state()
    client = enter(state)
    for _ in range(3):
        for path in ('/preview/0.png', '/preview/1.png', '/chart.png', '/chart.png?width=320'):
            assert client.get(path)[0] == 200
        state.report(iteration=1)       # this changes no picture
    assert len(made) == 4
    everything = client.get('/chart.png')[2]
    state.choose_range(1000)
    assert client.get('/chart.png')[2] != everything and len(made) == 5
    state.receive(make_message())
    client.get('/preview/0.png')
    assert len(made) == 6


def test_charts_of_other_widths_are_bounded_and_few_are_kept(enter):
    state = make_state()
    cache = pictures.PictureCache()
    for width in (0, 1, 320, 640, 10 ** 9):
        image = decode(cache.get_chart(state.snapshot, width), 3)
        assert image.shape == (100, min(max(width, 160), 4096), 3)
    for width in range(200, 260):
        cache.get_chart(state.snapshot, width)
    assert len(cache._pictures) <= pictures.MAX_CHARTS
    assert enter(state).get('/chart.png?width=x')[0] == 400


def test_a_failing_picture_is_told_on_the_console_alone(monkeypatch, enter, capsys):
    def fail(*arguments):
        raise RuntimeError('secret detail')
    monkeypatch.setattr(pictures, 'encode_png', fail)
    client = enter(make_state())
    status, _, body = client.get('/preview/0.png')
    assert status == 500 and b'secret' not in body and b'console' in body
    assert 'RuntimeError: secret detail' in capsys.readouterr().err
    assert client.get('/state')[0] == 200


def test_without_bottle_it_is_asked_for_by_name(monkeypatch, open_page):    # noqa: F811
    import_module = builtins.__import__

    def refuse(name, *arguments, **keywords):
        if name == 'bottle':
            raise ImportError("No module named 'bottle'", name='bottle')
        return import_module(name, *arguments, **keywords)
    monkeypatch.delitem(sys.modules, 'mainscripts.web_page.app')
    monkeypatch.setattr(builtins, '__import__', refuse)
    with pytest.raises(UserError) as error:
        open_page(PreviewState())
    assert 'needs bottle' in error.value.what
    assert '-m pip install bottle==' in error.value.remedies[0]
