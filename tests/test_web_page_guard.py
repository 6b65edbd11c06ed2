"""mainscripts/web_page/guard.py: without the token, the right host and the own origin there is
nothing, whatever the route and the method."""
import socket

import pytest

from mainscripts.web_page.guard import HEADERS, Guard, read_host
from mainscripts.web_page.page import is_every_address, is_local
from web_support import WAIT_SEC, Client, make_state, open_page  # noqa: F401 a fixture

ROUTES = ['/', '/page.html', '/page.css', '/page.js', '/icon.svg', '/state', '/preview/0.png',
          '/chart.png', '/chart.png?width=300', '/press?key=s', '/select?index=1',
          '/range?count=1000', '/no/such/route', '/favicon.ico', '/../app.py']
METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']


@pytest.fixture
def ops():
    return []


@pytest.fixture
def page(open_page, ops):       # noqa: F811
    return open_page(make_state(), ops.append)


@pytest.fixture
def client(page):
    client = Client(page)
    client.enter()
    return client


def is_refused(answer, page):
    status, headers, body = answer
    assert page.token.encode('ascii') not in body and 'Set-Cookie' not in headers
    assert status != 403 or b'PNG' not in body and b'model_name' not in body
    return status == 403


@pytest.mark.parametrize('method', METHODS)
def test_without_the_token_there_is_nothing(method, page, client, ops):
    before = page.state.snapshot
    name, _, value = client.cookie.partition('=')
    for route in ROUTES:
        for cookie in ('', name, name + '=', name + '=' + value[:-1], name + '=' + value + 'x',
                       name + '=' + value.swapcase(), 'other=' + value, name + '=\u00e9'):
            cookie = cookie.encode('utf-8').decode('latin-1')
            assert is_refused(client.ask(method, route, cookie=cookie or 'a=b', X_Trainer_Page='1'),
                              page), (method, route, cookie)
        for token in ('', 'x', client.token[:-1], client.token + 'x', client.token + '&token=x'):
            path = route + ('&' if '?' in route else '?') + 'token=' + token
            assert is_refused(client.ask(method, path, cookie='a=b', X_Trainer_Page='1'),
                              page), (method, path)
    assert page.state.snapshot is before and ops == []


@pytest.mark.parametrize('method', METHODS)
def test_the_token_in_the_address_counts_for_the_page_alone(method, page, client, ops):
    for route in ROUTES:
        path = route + ('&' if '?' in route else '?') + 'token=' + client.token
        answer = client.ask(method, path, cookie='a=b', X_Trainer_Page='1')
        assert (answer[0] == 403) != (route == '/' and method == 'GET'), (method, route)
    assert ops == []


def test_every_route_is_there_with_the_cookie(client, ops):
    for route, expected in zip(ROUTES, [200, 404, 200, 200, 200, 200, 200, 200, 200, 405, 405, 405,
                                        404, 404, 404]):
        assert client.get(route)[0] == expected, route
        assert client.ask('HEAD', route)[0] == expected, route
    for route in ROUTES[9:12]:
        assert client.post(route)[0] == 200, route
    assert ops == ['save']


def test_other_methods_do_not_exist(client):
    for method in METHODS[3:]:
        assert client.ask(method, '/press?key=s', X_Trainer_Page='1')[0] == 403, method


@pytest.mark.parametrize('host', [
    'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '192.168.0.7', '[::2]',
    'localhos', '0.0.0.0', '[::1].evil.example', '[::1', 'evil.example:1:2', 'a@localhost'])
def test_a_foreign_name_of_the_host_is_refused(host, client, page, ops):
    for method, path in (('GET', '/'), ('GET', '/state'), ('GET', '/preview/0.png'),
                         ('POST', '/press?key=s'), ('GET', '/?token=' + client.token)):
        assert is_refused(client.ask(method, path, host=host, X_Trainer_Page='1'), page)
    assert ops == []


@pytest.mark.parametrize('host', ['localhost', 'LOCALHOST', 'localhost.', '127.0.0.1', '[::1]'])
def test_names_of_this_machine(host, client):
    assert client.ask('GET', '/state', host=host)[0] == 200


def test_a_request_without_a_host_is_refused(page):
    with socket.create_connection(('127.0.0.1', page.port), timeout=WAIT_SEC) as connection:
        connection.sendall(('GET /?token=%s HTTP/1.0\r\n\r\n' % page.token).encode('ascii'))
        assert b' 403 ' in connection.recv(100)


def test_a_post_of_another_page_is_refused(client, ops):
    own = 'http://localhost:%d' % client.port
    path = '/press?key=s'
    for headers in ({}, {'Origin': own}, {'Origin': 'null', 'X_Trainer_Page': '1'},
                    {'Origin': 'http://localhost:%d' % (client.port + 1), 'X_Trainer_Page': '1'},
                    {'Origin': 'http://evil.example', 'X_Trainer_Page': '1'}):
        assert client.ask('POST', path, **headers)[0] == 403, headers
    assert ops == []
    assert client.ask('POST', path, Origin=own, X_Trainer_Page='1')[0] == 200 and ops == ['save']


def test_headers_of_every_answer(client):
    for answer in (client.get('/'), client.get('/state'), client.get('/preview/0.png'),
                   client.get('/no'), client.ask('GET', '/', cookie='a=b')):
        assert all(answer[1][name] == value for name, value in HEADERS), answer
    status, headers, _ = client.ask('GET', '/?token=' + client.token)
    assert 'HttpOnly' in headers['Set-Cookie'] and 'SameSite=Strict' in headers['Set-Cookie']


def test_two_pages_do_not_overwrite_each_other_s_cookie(client, open_page):     # noqa: F811
    other = Client(open_page(make_state()))
    other.enter()
    assert other.cookie.split('=')[0] != client.cookie.split('=')[0]
    both = client.cookie + '; ' + other.cookie
    assert client.ask('GET', '/state', cookie=both)[0] == 200
    assert other.ask('GET', '/state', cookie=both)[0] == 200
    assert other.ask('GET', '/state', cookie=client.cookie)[0] == 403


def test_the_token_is_compared_as_a_secret_is(monkeypatch, client):
    from mainscripts.web_page import guard
    compared = []

    def compare(first, second):
        compared.append((first, second))
        return first == second
    monkeypatch.setattr(guard.hmac, 'compare_digest', compare)
    client.get('/state')
    client.ask('GET', '/?token=wrong', cookie='a=b')
    token = client.token.encode('ascii')
    assert compared == [(token, token), (b'wrong', token)]
    assert len(token) >= 32


def test_names_and_addresses_that_are_allowed_beside():
    def find_status(host, **arguments):
        seen = []
        guard = Guard(lambda environ, start: start('200 OK', []), 'secret', **arguments)
        guard({'REQUEST_METHOD': 'GET', 'PATH_INFO': '/', 'QUERY_STRING': 'token=secret',
               'HTTP_HOST': host}, lambda status, headers: seen.append(status[:3]))
        return seen[0]
    assert find_status('gpu-box:8080', names=['GPU-box']) == '200'
    assert find_status('gpu-box2:8080', names=['GPU-box'], any_address=True) == '403'
    assert find_status('192.168.0.7:8080', any_address=True) == '200'
    assert find_status('[fe80::1]:8080', any_address=True) == '200'
    assert find_status('192.168.0.7:8080') == '403'
    assert [read_host(text) for text in ('[::1]:80', 'A.b:1', 'a.', '')] == ['::1', 'a.b', 'a', '']
    assert [read_host(text) for text in ('[::1].b', '[::1]80', 'a:b', 'a]', ':80')] == [''] * 5


def test_which_addresses_other_machines_reach():
    assert all(is_local(host) for host in ('127.0.0.1', '127.3.2.1', '::1', 'localhost'))
    assert not any(is_local(host) for host in ('0.0.0.0', '::', '192.168.0.7', 'gpu-box'))
    assert is_every_address('0.0.0.0') and is_every_address('::')
    assert not is_every_address('gpu-box') and not is_every_address('127.0.0.1')
