"""A proxy before a server of HTTP, which can be slow, out of order, away, or silent."""

import http.client
import threading
import time
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERVERS_PATIENCE_S = 60
_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


class Fault(Enum):
    """What is wrong with the server."""

    NONE = auto()
    SLOW = auto()  # answers late
    ERROR = auto()  # answers 500 and does nothing
    REFUSED = auto()  # does not take connections
    DROPPED = auto()  # takes connections and requests, and never answers
    DEAF = auto()  # does what is asked, but the answer is lost


class FaultyProxy:
    """Forwards requests to a port of this machine, or fails as `fault` says."""

    def __init__(self, backend_port: int, *, slow_s: float = 2.0) -> None:
        self.slow_s = slow_s
        self.answered = 0
        self._backend_port = backend_port
        self._fault = Fault.NONE
        self._changed = threading.Event()
        self._listen(0)
        self.port = self._server.server_port

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def fault(self) -> Fault:
        """What is wrong now; setting it holds for requests that come from then on, and ends those that hang."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        before, self._fault = self._fault, fault
        self._changed.set()
        self._changed = threading.Event()
        if fault is Fault.REFUSED and before is not Fault.REFUSED:
            self.close()
        elif before is Fault.REFUSED and fault is not Fault.REFUSED:
            self._listen(self.port)

    def close(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request, or fail to."""
        fault, changed = self._fault, self._changed
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if fault is Fault.DROPPED:
            changed.wait(SERVERS_PATIENCE_S)
            return
        if fault is Fault.ERROR:
            request.send_error(500, "out of order")
            return
        if fault is Fault.SLOW:
            time.sleep(self.slow_s)
        answer, content = self._forward(request, body)
        if fault is Fault.DEAF:
            changed.wait(SERVERS_PATIENCE_S)
            return
        self.answered += 1
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        backend = http.client.HTTPConnection("127.0.0.1", self._backend_port, timeout=SERVERS_PATIENCE_S)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            backend.request(request.command, request.path, body, headers)
            answer = backend.getresponse()
            return answer, answer.read()
        finally:
            backend.close()

    def _listen(self, port: int) -> None:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            """A connection carries one request, so that no old one survives a change of the fault."""

            def handle_any(self) -> None:
                try:
                    proxy.serve(self)
                except (BrokenPipeError, ConnectionResetError):  # the client has lost its patience, or its life
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names that it calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
