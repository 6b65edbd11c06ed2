"""Tests of `train --web`: a state with pictures, a page on a free port, and a client for it."""
import http.client
import json
import shutil

import numpy as np
import pytest

from mainscripts.preview_state import PreviewState

WAIT_SEC = 60       # for what happens at once on a machine that is not busy
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')


def find_browser():
    """Path of a Chromium on this machine, or None."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def make_previews(count=2, shape=(60, 200, 3), seed=0):
    random = np.random.RandomState(seed)
    return [('preview %d' % i, random.uniform(-0.1, 1.1, shape).astype(np.float32))
            for i in range(count)]


def make_message(count=2, shape=(60, 200, 3), iteration=3000):
    losses = np.random.RandomState(7).uniform(0.1, 1.0, (iteration, 2)).tolist()
    return {'op': 'show', 'previews': make_previews(count, shape), 'iter': iteration,
            'loss_history': losses}


def make_state(**message):
    state = PreviewState()
    state.receive(make_message(**message))
    state.report(model_name='t_Tiny', iteration=3007, target_iter=5000,
                 status_line='[12:00:00][#003007][0012ms][0.5000]', saved_iter=3000)
    return state


class Client:
    """A browser's part: cookie, headers. One connection a request, as the server wants it."""

    def __init__(self, page):
        self.port = page.port
        self.token = page.token
        self.cookie = ''
        self.page = page

    def ask(self, method, path, host='localhost', cookie=None, **headers):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT_SEC)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            given = dict({'Host': '%s:%d' % (host, self.port)},
                         Cookie=self.cookie if cookie is None else cookie)
            given.update({name.replace('_', '-'): value for name, value in headers.items()})
            for name, value in given.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def enter(self):
        status, headers, body = self.ask('GET', '/?token=' + self.token)
        assert status == 200
        self.cookie = headers['Set-Cookie'].split(';')[0]
        return body

    def get(self, path):
        return self.ask('GET', path)

    def post(self, path):
        return self.ask('POST', path, X_Trainer_Page='1',
                        Origin='http://localhost:%d' % self.port)

    def get_state(self):
        status, _, body = self.get('/state')
        assert status == 200
        return json.loads(body.decode('utf-8'))


@pytest.fixture
def open_page(monkeypatch):
    """open_page(state, send) -> TrainingPage on a free port."""
    pytest.importorskip('bottle')
    from mainscripts.web_page import server
    from mainscripts.web_page.page import TrainingPage
    monkeypatch.setenv('DFL_WEB_PORT', '0')
    monkeypatch.setattr(server, 'WATCH_SECONDS', 0.02)      # closing takes one turn
    pages = []

    def open_page(state, send=lambda op: None):
        pages.append(TrainingPage(state, send))
        return pages[-1]
    yield open_page
    for page in pages:
        page.close()
