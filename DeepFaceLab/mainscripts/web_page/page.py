"""The page of a training: made from the trainer's options, told where it is, ended with it."""
import errno
import ipaddress
import secrets
import socket
from typing import Any, Callable, List

from core.errors import UserError
from core.interact import interact as io
from models.common_options import WEB_HOST, WEB_NAMES, WEB_PORT, get_trainer_option

from ..preview_state import PreviewState
from .guard import LOCAL_NAMES, TOKEN_BYTES, Guard
from .server import BoundedServer


def is_local(host: str) -> bool:
    """Whether only programs of this machine reach that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in LOCAL_NAMES


def is_every_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def split_names(text: str) -> List[str]:
    return [name.strip() for name in text.split(',') if name.strip()]


class TrainingPage:
    """Listens from the start on; `announce` prints the address once training begins, `close` ends
    it."""

    def __init__(self, state: PreviewState, send: Callable[[str], Any]) -> None:
        """send(op) hands an operation to the trainer. UserError: bottle is missing, or the address
        cannot be listened at."""
        from .app import make_app

        # nothing given is nobody asked for: to a socket it means every address
        self.host = get_trainer_option(WEB_HOST).strip() or WEB_HOST.default
        self.state = state
        self.is_announced = False
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        is_open = not is_local(self.host)
        names = split_names(get_trainer_option(WEB_NAMES)) + [self.host]
        if is_open:
            names.append(socket.gethostname())
        guard = Guard(make_app(state, send), self.token, names, any_address=is_open)
        port = get_trainer_option(WEB_PORT)
        try:
            self.server = BoundedServer(self.host, port, guard)
        except OSError as error:
            raise explain_address_error(error, self.host, port) from error
        self.port = self.server.server_port
        self.thread = self.server.start()
        if is_open:
            io.log_err('The page of this training can be reached from other machines, and what is '
                       'sent is not encrypted. The safer way is to leave web_host away and to open '
                       'a tunnel: ssh -L %d:127.0.0.1:%d THIS_MACHINE' % (self.port, self.port))

    @property
    def url(self) -> str:
        host = socket.gethostname() if is_every_address(self.host) else self.host
        return 'http://%s:%d/?token=%s' % ('[%s]' % host if ':' in host else host, self.port,
                                           self.token)

    def announce(self) -> None:
        """Print the address, once, and not before training has begun: what scrolls by until then
        is long."""
        if not self.is_announced and self.state.snapshot.model_name:
            self.is_announced = True
            io.log_info('\nPage of this training: %s\n' % self.url)

    def close(self) -> None:
        """No further client; the ones that are being answered are left to their threads."""
        self.server.shutdown()
        self.server.server_close()


def explain_address_error(error: OSError, host: str, port: int) -> UserError:
    where = '%s, port %d' % (host, port)
    free = 'take a free port: --set web_port=0, or another number'
    if error.errno == errno.EADDRINUSE or getattr(error, 'winerror', None) == 10048:
        return UserError('The page of the training cannot listen at %s: another program does, '
                         'perhaps another training.' % where, [free, 'or end that program'])
    if error.errno == errno.EACCES:
        return UserError('The page of the training may not listen at %s: %s.' % (where, error),
                         ['take a port above 1023: --set web_port=8080'])
    return UserError('The page of the training cannot listen at %s: %s.' % (where, error), [
        'web_host is an address or a name of this machine, 127.0.0.1 by default; 0.0.0.0 stands '
        'for all of them', free])
