"""What makes two requests the same: a digest of all that decides what they do, taken as the body passes."""

from hashlib import sha256


class Fingerprint:
    """SHA-256 of the request's address and its body.

    parts: method, path, query, media type. boundary: of a multipart form. It is left out of the body, as honest clients
    make up another each time they send the same form.
    """

    def __init__(self, *parts: str, boundary: bytes = b"") -> None:
        self._digest = sha256()
        for part in parts:
            raw = part.encode()
            self._digest.update(len(raw).to_bytes(8, "big") + raw)
        self._boundary = boundary
        self._tail = b""

    def update(self, chunk: bytes) -> None:
        """The body's next bytes, cut anywhere."""
        if not self._boundary:
            self._digest.update(chunk)
            return
        data = self._tail + chunk
        done = 0
        while (found := data.find(self._boundary, done)) >= 0:
            self._digest.update(data[done:found])
            done = found + len(self._boundary)
        # The next boundary may have begun: what could be a part of one waits for the bytes that follow.
        safe = max(done, len(data) - len(self._boundary) + 1)
        self._digest.update(data[done:safe])
        self._tail = data[safe:]

    def digest(self) -> bytes:
        """The digest of all that was given so far."""
        whole = self._digest.copy()
        whole.update(self._tail)
        return whole.digest()
