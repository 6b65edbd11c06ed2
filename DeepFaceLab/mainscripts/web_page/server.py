"""A WSGI server for few clients that may be slow or vanish: threads and seconds are bounded.

Whatever a client does, nobody else waits for it: each has a thread of its own, which ends after
`MAX_SECONDS` at the latest. What is beyond `MAX_CLIENTS` is turned away at once.
"""
import os
import socket
import socketserver
import sys
import threading
import time
import wsgiref.handlers
import wsgiref.simple_server
from typing import Any, Callable, Dict

from core.interact import interact as io

MAX_CLIENTS = 24
REQUEST_SECONDS = 10.0      # until a request has been sent
MAX_SECONDS = 60.0          # until its answer has been taken
WATCH_SECONDS = 0.5         # between two looks at the clients
MAX_LINE = 8192             # bytes of the first line of a request


class QuietHandler(wsgiref.handlers.SimpleHandler):
    """One answer. A client that went away is no error."""

    server_software = 'trainer'

    def handle_error(self) -> None:
        if issubclass(sys.exc_info()[0], OSError):
            raise       # noqa: PLE0704 what is being handled; nobody is there for an error page
        super().handle_error()


class RequestHandler(wsgiref.simple_server.WSGIRequestHandler):
    """One connection: a request and its answer. Addresses are not logged, they may hold the
    token."""

    timeout = REQUEST_SECONDS

    def handle(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(MAX_LINE + 1)
            if len(self.raw_requestline) > MAX_LINE or not self.parse_request():
                return
            self.connection.settimeout(MAX_SECONDS)
            environ = self.get_environ()
            # bodies are not read: no route has one
            environ['CONTENT_LENGTH'] = ''
            handler = QuietHandler(self.rfile, self.wfile, self.get_stderr(), environ,
                                   multithread=True)
            handler.request_handler = self
            handler.run(self.server.get_app())
        except OSError:     # gone, or too slow
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:     # gone with the last bytes unsent
            self.close_connection = True

    def log_message(self, *arguments: Any) -> None:
        """Nothing: the console belongs to the training."""


class BoundedServer(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    """Arguments: host and port to listen at (port 0: a free one), the application. OSError where
    that cannot be."""

    daemon_threads = True
    # On Windows the option means that two programs may listen at one port.
    allow_reuse_address = os.name != 'nt'
    request_queue_size = 32

    def __init__(self, host: str, port: int, app: Callable[..., Any]) -> None:
        self.address_family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self._clients: Dict[Any, float] = {}    # socket -> when it came
        self._lock = threading.Lock()
        super().__init__((host, port), RequestHandler)
        self.set_app(app)

    def server_bind(self) -> None:
        """Without the look-up of this machine's name, which may take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            is_full = len(self._clients) >= MAX_CLIENTS
            if not is_full:
                self._clients[request] = time.monotonic()
        if is_full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._clients.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Ends what takes too long; a blocked thread wakes up with an error."""
        limit = time.monotonic() - MAX_SECONDS
        with self._lock:
            for request, begun in self._clients.items():
                if begun < limit:
                    try:
                        request.shutdown(socket.SHUT_RDWR)
                    except OSError:     # it has just ended
                        continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        super().handle_error(request, client_address)
        io.log_err('The page of this training failed to answer a request; training goes on.')

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.serve_forever, args=(WATCH_SECONDS, ),
                                  name='web page', daemon=True)
        thread.start()
        return thread
