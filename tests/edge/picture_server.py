"""A picture server on this machine that tests can hold back, so that a load is under way for as long as they want."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.builders import a_photo_file


@dataclass
class PictureServer:
    """address: of the server. asked: the paths that were asked for. open: while cleared, every answer waits for it."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    down: bool = False
    feeds: dict[str, bytes] = field(default_factory=dict)

    def answer(self, path: str) -> bytes | None:
        """The body for `/shape-ink-seed.jpg` or a feed's path; None for nothing there."""
        self.asked.append(path)
        self.open.wait(60)
        name = path.strip("/").removesuffix(".jpg")
        if path in self.feeds:
            return self.feeds[path]
        if name == "broken":
            return b"<html>no picture</html>"
        if name.count("-") != 2:
            return None
        shape, ink, seed = name.split("-")
        return a_photo_file(shape, ink, seed=int(seed))


@contextmanager
def picture_server() -> Iterator[PictureServer]:
    """A running server; it answers at once until `open` is cleared."""
    state = PictureServer()
    state.open.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer as the state says."""
            body = state.answer(self.path)
            if state.down:
                self.send_error(503)
            elif body is None:
                self.send_error(404)
            else:
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except ConnectionError:
                    return  # whoever asked was killed

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        state.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield state
        finally:
            state.open.set()
            server.shutdown()
            thread.join()
