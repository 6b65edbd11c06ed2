"""Who may ask the page for anything: WSGI middleware in front of every route.

A request is refused with 403 unless its Host header is a name of this machine, and it carries the
token. The token stands in the printed address; the answer to that puts it into a cookie. What a
page of another origin makes a browser send is refused as well: a POST needs a header that such a
page may not set, and no foreign Origin.
"""
import hmac
import ipaddress
import re
import secrets
import urllib.parse
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

TOKEN_BYTES = 24
ACTION_HEADER = 'X-Trainer-Page'    # any value; another origin would have to ask before it sends it
LOCAL_NAMES = ('localhost', '127.0.0.1', '::1')
HEADERS = [
    ('Cache-Control', 'no-store'),
    ('Content-Security-Policy', "default-src 'none'; img-src 'self'; script-src 'self'; "
                                "style-src 'self'; connect-src 'self'; base-uri 'none'; "
                                "form-action 'none'; frame-ancestors 'none'"),
    ('Cross-Origin-Opener-Policy', 'same-origin'),
    ('Cross-Origin-Resource-Policy', 'same-origin'),
    ('Referrer-Policy', 'no-referrer'),     # the token must not travel in an address
    ('X-Content-Type-Options', 'nosniff'),
    ('X-Frame-Options', 'DENY'),
]
REFUSAL = (b'Refused. Open the address with its token, as the trainer printed it; the token of an '
           b'earlier run does not count.\n')

Environ = Dict[str, Any]


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def read_host(header: str) -> str:
    """Name or address of a Host header, without its port: `[::1]:80` -> `::1`; '' where it is
    none."""
    found = re.match(r'(?:\[([0-9a-f:.]+)\]|([^\[\]:]+?)\.?)(?::[0-9]*)?$', header.strip().lower())
    return '' if found is None else found.group(1) or found.group(2)


class Guard:
    """Arguments: app, the WSGI application behind; token: a text of URL-safe characters; names:
    what else the host may be called; any_address: accept every IP address as the host's name.

    A name is what an attack by DNS rebinding needs: it makes a foreign name point to this machine.
    Addresses cannot be made to.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], token: str,
                 names: Sequence[str] = (), any_address: bool = False) -> None:
        self.app = app
        self.token = token.encode('ascii')
        self.names = set(LOCAL_NAMES) | {name.lower() for name in names}
        self.any_address = any_address
        # cookies do not know ports: two trainers must not overwrite each other's
        self.cookie = 'trainer_' + secrets.token_hex(4)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_entering = self._is_entering(environ)
        more: List[Any] = list(HEADERS)
        if not (self._is_known_host(environ) and self._is_own_origin(environ)
                and (is_entering or self._is_token(self._find_cookie(environ)))):
            start_response('403 Forbidden', more + [
                ('Content-Type', 'text/plain; charset=utf-8'),
                ('Content-Length', str(len(REFUSAL)))])
            return [] if environ['REQUEST_METHOD'] == 'HEAD' else [REFUSAL]
        if is_entering:
            more.append(('Set-Cookie', '%s=%s; Path=/; HttpOnly; SameSite=Strict'
                         % (self.cookie, self.token.decode('ascii'))))

        def start(status: str, headers: List[Any], *exc_info: Any) -> Any:
            names = {name for name, _ in more}
            return start_response(status, [header for header in headers if header[0] not in names]
                                  + more, *exc_info)
        return self.app(environ, start)

    def _is_token(self, given: Optional[str]) -> bool:
        return given is not None and hmac.compare_digest(
            given.encode('utf-8', 'replace'), self.token)

    def _is_entering(self, environ: Environ) -> bool:
        """Whether this is the printed address: the token counts in no other one."""
        if environ['REQUEST_METHOD'] != 'GET' or environ.get('PATH_INFO', '') not in ('', '/'):
            return False
        given = urllib.parse.parse_qs(environ.get('QUERY_STRING', '')).get('token', [])
        return len(given) == 1 and self._is_token(given[0])

    def _find_cookie(self, environ: Environ) -> Optional[str]:
        for part in environ.get('HTTP_COOKIE', '').split(';'):
            name, _, value = part.strip().partition('=')
            if name == self.cookie:
                return value
        return None

    def _is_known_host(self, environ: Environ) -> bool:
        name = read_host(environ.get('HTTP_HOST', ''))
        return name in self.names or (self.any_address and is_address(name))

    def _is_own_origin(self, environ: Environ) -> bool:
        """False for what another page makes the browser send. Other methods than these exist for
        nobody."""
        if environ['REQUEST_METHOD'] in ('GET', 'HEAD'):
            return True
        origin = environ.get('HTTP_ORIGIN')
        if origin is not None and origin != 'http://' + environ.get('HTTP_HOST', ''):
            return False
        variable = 'HTTP_' + ACTION_HEADER.upper().replace('-', '_')
        return environ['REQUEST_METHOD'] == 'POST' and variable in environ
