"""mainscripts/web_page/server.py and page.py: slow and vanished clients, the address, the end."""
import contextlib
import socket
import threading
import time

import pytest

from core.errors import UserError
from mainscripts import Trainer
from mainscripts.web_page import server
from web_support import WAIT_SEC, Client, make_message, make_state, open_page  # noqa: F401


def wait_until(is_true):
    deadline = time.monotonic() + WAIT_SEC
    while not is_true():
        assert time.monotonic() < deadline, 'not within %d s' % WAIT_SEC
        time.sleep(0.02)


@pytest.fixture
def connect():
    connections = []

    def connect(page, text=''):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(WAIT_SEC)
        connection.connect(('127.0.0.1', page.port))
        connections.append(connection)
        if text:
            connection.sendall(text.encode('ascii'))
        return connection
    yield connect
    for connection in connections:
        connection.close()


def ask_for(path, client):
    return 'GET %s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n' % (path, client.cookie)


def test_clients_that_never_read_or_never_ask_hold_nobody_up(open_page, connect):   # noqa: F811
    state = make_state(shape=(800, 2400, 3))    # noise: more than the system keeps for a reader
    page = open_page(state)
    client = Client(page)
    client.enter()
    stuck = [connect(page, ask_for('/preview/0.png', client)) for _ in range(4)]
    stuck += [connect(page), connect(page, 'GET /state HT')]
    wait_until(lambda: len(page.server._clients) == 6)
    assert stuck[0].recv(12) == b'HTTP/1.0 200'     # it is being sent, and cannot be
    for i in range(500):
        state.report(iteration=4000 + i)
    assert client.get_state()['iteration'] == 4499
    state.receive(make_message())
    assert client.post('/press?key=%20')[0] == 200 and state.snapshot.selected == 1
    wait_until(lambda: len(page.server._clients) == 6)      # and those are still there


def test_who_takes_too_long_is_cut_off(open_page, connect, monkeypatch, capsys):     # noqa: F811
    monkeypatch.setattr(server, 'MAX_SECONDS', 0.5)
    monkeypatch.setattr(server.RequestHandler, 'timeout', 0.5)
    page = open_page(make_state(shape=(800, 2400, 3)))
    client = Client(page)
    connect(page)
    connect(page, 'GET / HTTP/1.1\r\nHost: loc')
    wait_until(lambda: not page.server._clients)
    # picture and cookie without a request that might take too long itself
    client.cookie = page.server.get_app().cookie + '=' + page.token
    connect(page, ask_for('/preview/0.png', client))
    wait_until(lambda: not page.server._clients)
    captured = capsys.readouterr()
    assert 'Traceback' not in captured.out + captured.err


def test_a_request_that_trickles_in_is_cut_off(open_page, connect, monkeypatch):     # noqa: F811
    """Every byte of it is in time."""
    assert server.RequestHandler.timeout == server.REQUEST_SECONDS <= server.MAX_SECONDS <= 60
    monkeypatch.setattr(server, 'MAX_SECONDS', 0.5)
    page = open_page(make_state())
    connection = connect(page, 'GET / HTTP/1.1\r\n')

    def is_cut_off():
        try:
            connection.sendall(b'X')
        except OSError:
            return True
        return False
    wait_until(is_cut_off)


def test_the_number_of_threads_is_bounded(open_page, connect, monkeypatch):      # noqa: F811
    monkeypatch.setattr(server.RequestHandler, 'timeout', 10 * WAIT_SEC)
    page = open_page(make_state())
    before = threading.active_count()
    stuck = [connect(page) for _ in range(server.MAX_CLIENTS)]
    wait_until(lambda: len(page.server._clients) == server.MAX_CLIENTS)
    for _ in range(5):
        assert connect(page).recv(1) == b'', 'turned away at once'
    assert threading.active_count() <= before + server.MAX_CLIENTS
    for connection in stuck:
        connection.close()
    wait_until(lambda: not page.server._clients)
    Client(page).enter()


def test_a_client_that_goes_away_is_no_error(open_page, connect, capsys):    # noqa: F811
    page = open_page(make_state(shape=(800, 2400, 3)))
    client = Client(page)
    client.enter()
    for text in ('', 'GET / HTTP/1.1\r\n', ask_for('/preview/0.png', client)):
        for _ in range(3):
            connection = connect(page, text)
            # a reset, as of a browser that was killed
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  b'\x01\x00\x00\x00\x00\x00\x00\x00')
            connection.close()
    wait_until(lambda: not page.server._clients)
    captured = capsys.readouterr()
    assert 'Traceback' not in captured.out + captured.err and 'rror' not in captured.out
    assert client.get('/state')[0] == 200


@pytest.mark.parametrize('text', [
    'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n', 'rubbish\r\n\r\n', '\r\n\r\n',
    'GET /' + 'a' * 20000 + ' HTTP/1.1\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'GET /\r\n\r\n',
    'POST /press?key=s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n'])
def test_rubbish_is_refused_and_nothing_else_happens(text, open_page, connect):      # noqa: F811
    ops = []
    page = open_page(make_state(), ops.append)
    connection = connect(page, text)
    answer = b''
    # The server closes when it has seen enough, and what it did not read comes back as a reset:
    # ENOTCONN of shutdown (no ConnectionError), ECONNRESET of recv.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        for block in iter(lambda: connection.recv(65536), b''):
            answer += block
    assert b' 200 ' not in answer and ops == []
    Client(page).enter()


# ---------------------------------------------------------------- page.py

def test_a_port_that_is_taken_is_a_user_error_with_a_remedy(open_page, monkeypatch):  # noqa: F811
    page = open_page(make_state())
    monkeypatch.setenv('DFL_WEB_PORT', str(page.port))
    with pytest.raises(UserError) as error:
        open_page(make_state())
    assert 'port %d' % page.port in error.value.what and 'another program' in error.value.what
    assert 'web_port=0' in error.value.remedies[0]


def test_an_address_of_another_machine_is_a_user_error(open_page, monkeypatch):  # noqa: F811
    for host in ('192.0.2.1', 'no-such-name.invalid'):
        monkeypatch.setenv('DFL_WEB_HOST', host)
        with pytest.raises(UserError) as error:
            open_page(make_state())
        assert host in error.value.what and 'web_host' in error.value.remedies[0]


def test_the_address_is_printed_once_and_when_training_has_begun(open_page, capsys):  # noqa: F811
    state = Trainer.PreviewState()
    page = open_page(state)
    page.announce()
    assert capsys.readouterr().out == ''
    state.report(model_name='t_Tiny')
    page.announce()
    page.announce()
    output = capsys.readouterr().out
    assert output.count('http://127.0.0.1:%d/?token=%s' % (page.port, page.token)) == 1
    assert output.count(page.token) == 1
    assert open_page(state).token != page.token


def test_listening_to_other_machines_is_warned_of(open_page, monkeypatch, capsys):    # noqa: F811
    monkeypatch.setenv('DFL_WEB_HOST', '0.0.0.0')
    monkeypatch.setenv('DFL_WEB_NAMES', 'gpu.example, other.example')
    page = open_page(make_state())
    output = capsys.readouterr().out
    assert 'not encrypted' in output and 'ssh -L' in output and page.token not in output
    assert '0.0.0.0' not in page.url
    client = Client(page)
    client.enter()
    for host, status in (('192.168.0.7', 200), ('gpu.example', 200), ('other.example', 200),
                         (socket.gethostname(), 200), ('evil.example', 403)):
        assert client.ask('GET', '/state', host=host)[0] == status, host
    assert client.ask('GET', '/state', cookie='a=b', host='192.168.0.7')[0] == 403


def test_closing_ends_the_server(open_page, connect):        # noqa: F811
    page = open_page(make_state())
    connect(page)
    page.close()
    page.thread.join(WAIT_SEC)
    assert not page.thread.is_alive()
    with pytest.raises(OSError):
        Client(page).get('/state')


@pytest.mark.parametrize('keywords', [{}, {'web': False}, {'web': True, 'dry_run': True},
                                      {'web': True, 'gen_snapshot': True}])
def test_no_page_unless_it_is_asked_for_and_something_is_trained(keywords):
    assert Trainer.open_page(keywords, Trainer.PreviewState(), None) is None
    assert 'web' not in keywords
