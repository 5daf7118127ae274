"""A loopback HTTP server that answers each path with the next entry of its script."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

NOW_MS = 1_748_779_200_000
"""2025-06-01 12:00 UTC."""


@dataclass
class Reply:
    """One answer; ``lost`` closes the connection after reading the request."""

    result: object = None
    code: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    lost: bool = False

    def body(self) -> bytes:
        """Bytes on the wire."""
        if self.raw is not None:
            return self.raw
        message = {"retCode": self.code, "retMsg": "scripted", "result": self.result or {}, "time": NOW_MS}
        return json.dumps(message).encode()


class ScriptedVenue:
    """Replies by path, in order; the last one repeats. Unscripted paths answer 404."""

    def __init__(self) -> None:
        self.replies: defaultdict[str, list[Reply]] = defaultdict(list)
        self.requests: list[tuple[str, dict[str, object]]] = []
        self.url = ""

    def script(self, path: str, *replies: Reply) -> None:
        """Queue replies for ``/v5/<path>``."""
        self.replies[f"/v5/{path}"] += replies

    def asked(self, path: str) -> list[dict[str, object]]:
        """Parameters of every request for ``/v5/<path>``."""
        return [parameters for asked, parameters in self.requests if asked == f"/v5/{path}"]

    def next_reply(self, path: str) -> Reply:
        """The reply for this request."""
        waiting = self.replies.get(path) or [Reply(status=404)]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def scripted_venue() -> Iterator[ScriptedVenue]:
    """A venue that runs until the block ends."""
    venue = ScriptedVenue()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(json.loads(body))

        def _answer(self, parameters: dict[str, object]) -> None:
            path = urlsplit(self.path).path
            venue.requests.append((path, parameters))
            reply = venue.next_reply(path)
            if reply.lost:
                self.close_connection = True
                return
            body = reply.body()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    venue.url = f"http://127.0.0.1:{server.server_port}"
    yield venue
    server.shutdown()
    thread.join()
    server.server_close()
