"""`train --web` as a user has it: a real training, and a real browser that shows and steers it."""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core import persist
from mainscripts.preview_state import describe_keys
from web_support import WAIT_SEC, find_browser

CHILD = Path(__file__).resolve().parent / 'trainer_child.py'
BROWSER = find_browser()
DESKTOP = dict(viewport={'width': 1280, 'height': 900})
PHONE = dict(viewport={'width': 390, 'height': 844}, is_mobile=True, has_touch=True)
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason='NOT RUN: no Chromium on this machine (apt-get install chromium)')


class Training:
    """A trainer process whose output is read as it comes. Ended with the block that it is for."""

    def __init__(self, root, environment=(), **keywords):
        env = dict(os.environ, PYTHONUNBUFFERED='1', PYTHONIOENCODING='utf-8',
                   DFL_INTERACT='headless', DFL_WEB_PORT='0', DFL_PREVIEW_PERIOD='1000')
        env.pop('TF_DETERMINISTIC_OPS', None)   # asks for a seed, which a trainer does not set
        env.update(environment)
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD), str(root), json.dumps(dict(keywords, web=True))], env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = ''
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def read(self):
        for block in iter(lambda: os.read(self.process.stdout.fileno(), 65536), b''):
            self.output += block.decode('utf-8', 'replace')

    def wait_for(self, pattern):
        deadline = time.monotonic() + 2 * WAIT_SEC
        while True:
            found = re.search(pattern, self.output)
            if found:
                return found
            assert self.reader.is_alive() and time.monotonic() < deadline, self.output[-3000:]
            time.sleep(0.05)

    def get_url(self):
        return self.wait_for(r'Page of this training: (http://\S+)').group(1)

    def finish(self):
        """(exit code, all of the output)"""
        self.process.wait(timeout=2 * WAIT_SEC)
        self.reader.join()
        return self.process.returncode, self.output


@pytest.fixture(scope='module')
def browser():
    playwright = pytest.importorskip('playwright.sync_api', reason='NOT RUN: no playwright here')
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=BROWSER, args=['--no-sandbox'])
        yield started
        started.close()


class Visitor:
    """A browser's page, with everything that it asked for and complained about."""

    def __init__(self, browser, url, **context):
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(1000 * WAIT_SEC)
        self.page = self.context.new_page()
        self.asked, self.complaints = [], []
        self.page.on('request', lambda request: self.asked.append(request.url))
        self.page.on('console', lambda message: self.complaints.append(message.text))
        self.page.on('pageerror', lambda error: self.complaints.append(str(error)))
        self.page.goto(url)

    def wait(self, condition):
        """Until JavaScript says true; `text(id)` is the text of an element. The page forbids
        `eval`, so it is asked from here again and again."""
        deadline = time.monotonic() + WAIT_SEC
        code = "() => { const text = (id) => document.getElementById(id).textContent; return %s }"
        while not self.page.evaluate(code % condition):
            assert time.monotonic() < deadline, (condition, self.page.text_content('body'))
            self.page.wait_for_timeout(50)

    def get_pictures(self):
        """Sizes of the pictures that are shown, none of which may be broken."""
        return self.page.evaluate(
            "['chart', 'preview'].map((id) => document.getElementById(id)).map("
            "(image) => [image.complete, image.naturalWidth, image.naturalHeight])")

    def count_iterations(self):
        return int(self.page.text_content('#iteration').replace(',', ''))


def read_saved_iter(root):
    return persist.load(root / 'model' / 't_Tiny_data.dat')['iter']


def check_show(visitor):
    """Pictures, texts and keys are there, and the counter runs."""
    page = visitor.page
    page.wait_for_selector('#preview:not([hidden])')
    visitor.wait("text('phase') === 'training'")
    assert page.text_content('#model') == page.title().split()[1] == 't_Tiny'
    assert page.text_content('#selection') == 'Preview: "Tiny large" [1/2]'
    assert page.text_content('#keys') == ' '.join(describe_keys())
    visitor.wait("document.getElementById('preview').naturalWidth > 0")
    visitor.wait("document.getElementById('chart').naturalWidth > 0")
    (_, width, height), preview = visitor.get_pictures()
    assert height == 100 and width >= 160 and preview == [True, 32, 32]
    first = visitor.count_iterations()
    visitor.wait("Number(text('iteration').replace(/,/g, '')) > %d" % first)
    assert re.match(r'\[\d\d:\d\d:\d\d\]\[#\d{6}\]', page.text_content('#status'))
    assert 'token' not in page.url, 'it does not stay in the address'


def check_steering(visitor, training, root):
    page = visitor.page
    page.click('#do-next')
    visitor.wait("""text('selection') === 'Preview: "Tiny" [2/2]'""")
    page.keyboard.press('Space')
    visitor.wait("""text('selection') === 'Preview: "Tiny large" [1/2]'""")
    page.click('#names button:nth-child(2)')
    visitor.wait("""text('selection') === 'Preview: "Tiny" [2/2]'""")

    page.keyboard.press('l')
    visitor.wait("document.getElementById('range').value === '1000'")
    page.select_option('#range', '50000')
    visitor.wait("document.getElementById('chart').src.includes('range=50000')")
    page.click('#do-range')
    visitor.wait("document.getElementById('range').value === '100000'")

    before = page.text_content('#chart-title')
    page.click('#do-preview')
    visitor.wait("text('chart-title') !== %s" % json.dumps(before))
    saved = read_saved_iter(root)
    page.keyboard.press('s')
    visitor.wait("!text('target').endsWith('last save at %s')" % '{:,}'.format(saved))
    assert read_saved_iter(root) > saved
    page.click('#do-backup')
    backup = root / 'model' / 't_Tiny_autobackups' / '01' / 't_Tiny_net.npy'
    deadline = time.monotonic() + WAIT_SEC
    while not backup.exists():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    assert training.process.poll() is None


@pytest.mark.slow
@needs_browser
def test_a_browser_shows_and_steers_a_training(tmp_path, browser):
    with Training(tmp_path) as training:
        url = training.get_url()
        visitor = Visitor(browser, url, **DESKTOP)
        check_show(visitor)
        check_steering(visitor, training, tmp_path)

        phone = Visitor(browser, url, **PHONE)
        phone.page.wait_for_selector('#preview:not([hidden])')
        assert phone.page.text_content('#selection') == visitor.page.text_content('#selection')
        assert phone.page.evaluate('document.documentElement.scrollWidth') <= 390

        visitor.page.click('#do-close')
        visitor.wait("text('do-close').startsWith('Once more')")
        assert training.process.poll() is None, 'one tap does not end it'
        visitor.page.keyboard.press('Enter')
        code, output = training.finish()
        assert code == 0 and output.rstrip().endswith('Done.'), output[-3000:]
        visitor.wait("text('phase') === 'ended'")
        assert output.count('token=') == 1 and 'Traceback' not in output
        place = url.split('/?')[0] + '/'
        assert all(address.startswith(place) for address in visitor.asked + phone.asked)
        lost = [text for text in visitor.complaints if 'ERR_CONNECTION' not in text
                and 'ERR_EMPTY_RESPONSE' not in text]
        assert lost == []
    assert read_saved_iter(tmp_path) > 1


@pytest.mark.slow
@needs_browser
def test_without_the_token_the_browser_is_shown_nothing(tmp_path, browser):
    with Training(tmp_path, {'DFL_TARGET_ITER': '3'}) as training:
        url = training.get_url()
        visitor = Visitor(browser, url.split('token=')[0])
        assert visitor.page.text_content('body').startswith('Refused.')
        visitor.page.goto(url)      # the same browser, with the token
        visitor.wait("text('phase') === 'target reached'")
        visitor.page.click('#do-close')
        visitor.page.click('#do-close')
        assert training.finish()[0] == 0


@pytest.mark.skipif(sys.platform == 'win32', reason='signals of POSIX')
def test_window_and_page_together_and_a_signal_ends_both(tmp_path):
    """With a window; clients that never read must not keep the training from going on."""
    pytest.importorskip('bottle')
    import http.client
    import socket
    with Training(tmp_path, with_window=True, no_preview=False) as training:
        found = re.match(r'http://127\.0\.0\.1:(\d+)/\?token=(\S+)', training.get_url())
        port, token = int(found.group(1)), found.group(2)
        stuck = [socket.create_connection(('127.0.0.1', port)) for _ in range(5)]
        connection = http.client.HTTPConnection('localhost', port, timeout=WAIT_SEC)
        connection.request('GET', '/?token=' + token)
        answer = connection.getresponse()
        cookie = answer.getheader('Set-Cookie').split(';')[0]
        assert answer.status == 200 and b'<title>' in answer.read()
        connection.close()
        last = int(re.findall(r'\[#(\d+)\]', training.output)[-1]) if '[#' in training.output else 0
        training.wait_for(r'\[#%06d\]' % (last + 100))
        connection.request('GET', '/state', headers={'Cookie': cookie})
        state = json.loads(connection.getresponse().read().decode('utf-8'))
        assert state['iteration'] >= last + 100 and state['model_name'] == 't_Tiny'
        training.process.send_signal(signal.SIGTERM)
        code, output = training.finish()
        assert code == 0 and 'saved first' in output, output[-3000:]
        for client in stuck:
            client.close()
    assert read_saved_iter(tmp_path) >= last + 100


def test_a_port_that_is_taken_ends_the_start_before_anything_is_loaded(tmp_path):
    pytest.importorskip('bottle')
    import socket
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with Training(tmp_path, {'DFL_WEB_PORT': str(port)}) as training:
            code, output = training.finish()
    assert code == 1 and 'UserError: The page of the training cannot listen' in output
    assert 'web_port=0' in output and 'Traceback' not in output
    assert list((tmp_path / 'model').iterdir()) == []
