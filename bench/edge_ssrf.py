"""Hostile addresses of photos, and names that lead elsewhere the second time: connections to private addresses.

    python -m bench.edge_ssrf

Every connection this process tries is seen, and refused, by Python's audit hook before the system is asked for it: what
is counted is every attempt, and no packet leaves.
"""

import asyncio
import json
import random
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from app.photos import ImageFetcher, ImageNotFetched
from bench.promise import NotMeasurable

TRIES = 500
_AT_ONCE = 16
_PUBLIC = "8.8.8.8"
_INSIDE = ("127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "100.64.0.1")

_HOSTS = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0",  # noqa: S104
    "10.1.2.3", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "168.63.129.16",
    "100.64.0.1", "100.127.255.255", "198.18.0.1", "192.0.0.192", "192.88.99.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "localhost", "localhost.", "LOCALHOST", "ip6-localhost", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]", "[::ffff:10.0.0.1]", "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[2606:4700::5efe:10.0.0.1]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]",
    "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[3fff::1]", "①②⑦.⓪.⓪.①", "127。0。0。1",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.16689662",
)  # fmt: skip
_WHOLE = (
    "http://127.0.0.1/a.jpg", "file:///etc/passwd", "gopher://127.0.0.1:70/_x", "ftp://127.0.0.1/a.jpg",
    "dict://127.0.0.1:11211/stats", "ldap://127.0.0.1/", "jar:http://127.0.0.1!/a", "data:image/png;base64,AAAA",
    "javascript:alert(1)", "https:127.0.0.1", "https:///127.0.0.1", "https://", "//127.0.0.1/a.jpg",
    "https://127.0.0.1:22/", "https://127.0.0.1:9200/_search", "https://127.0.0.1:6379/", "https://127.0.0.1:443@127.0.0.1/",
    "https://a@127.0.0.1/", "https://public.example@127.0.0.1/", "https://127.0.0.1#@public.example/",
    "https://127.0.0.1\\@public.example/", "https://127.0.0.1%00.example/", "https://[::1", "https://127.0.0.1:99999/",
    "https://127.0.0.1\r\nHost: x/",
)  # fmt: skip
URLS = (*(f"https://{host}/a.jpg" for host in _HOSTS), *_WHOLE)


def measure() -> Mapping[str, float]:
    """For `make prove`: "urls" and "tries" asked, "fetched" although hostile, "private" connections tried; "dialed":
    all that were tried, the proof that the hook sees them."""
    with _watch() as seen:
        fetched = asyncio.run(_hostile()) + asyncio.run(_rebinding())
    if not seen:
        raise NotMeasurable("the audit hook saw no connection at all, not even those to the public address")
    private = [address for address in seen if address != _PUBLIC]
    return {
        "urls": float(len(URLS)),
        "tries": float(TRIES),
        "fetched": float(fetched),
        "dialed": float(len(seen)),
        "private": float(len(private)),
    }


@contextmanager
def _watch() -> Iterator[list[str]]:
    """Where connections go, for the length of the block. A hook stays for ever, so it is told when to look."""
    seen: list[str] = []
    looking = True

    def hook(event: str, details: tuple[object, ...]) -> None:
        if looking and event == "socket.connect":
            address = details[1]
            seen.append(str(address[0]) if isinstance(address, tuple) else str(address))
            raise ConnectionRefusedError

    sys.addaudithook(hook)
    try:
        yield seen
    finally:
        looking = False


async def _hostile() -> int:
    async with ImageFetcher(connect_timeout_s=1.0, timeout_s=10.0) as fetcher:
        return await _all_fetched(fetcher, URLS)


async def _rebinding() -> int:
    """Names whose answers change from one question to the next, or hold both kinds at once."""
    names = [f"https://n{number}.rebinding.example/a.jpg" for number in range(TRIES)]
    with _lying_resolver(random.Random(1)):
        async with ImageFetcher(connect_timeout_s=1.0, timeout_s=10.0) as fetcher:
            return await _all_fetched(fetcher, names)


async def _all_fetched(fetcher: ImageFetcher, urls: Sequence[str]) -> int:
    some = asyncio.Semaphore(_AT_ONCE)

    async def one(url: str) -> bool:
        async with some:
            return await _is_fetched(fetcher, url)

    return sum(await asyncio.gather(*(one(url) for url in urls)))


async def _is_fetched(fetcher: ImageFetcher, url: str) -> bool:
    try:
        await fetcher.fetch(url)
    except ImageNotFetched:
        return False
    return True


@contextmanager
def _lying_resolver(chance: random.Random) -> Iterator[None]:
    """In the place of the system's: public the first time a name is asked for, private every time after, and now and
    then both in one answer, in any order."""
    asked: dict[str, int] = {}
    true = socket.getaddrinfo

    def lying(host: str, port: int, *rest: object, **more: object) -> list[object]:
        if not str(host).endswith(".rebinding.example"):
            return list(true(host, port, *rest, **more))  # type: ignore[arg-type]  # passed on as it came
        asked[host] = asked.get(host, 0) + 1
        inside = chance.choice(_INSIDE)
        numbers = [_PUBLIC] if asked[host] == 1 else [inside]
        if chance.random() < 0.5:
            numbers = chance.sample([_PUBLIC, inside], 2)
        return [_entry(number, port) for number in numbers]

    socket.getaddrinfo = lying  # type: ignore[assignment]  # for the length of this block
    try:
        yield
    finally:
        socket.getaddrinfo = true


def _entry(number: str, port: int) -> object:
    family = socket.AF_INET6 if ":" in number else socket.AF_INET
    where = (number, port, 0, 0) if ":" in number else (number, port)
    return (family, socket.SOCK_STREAM, 6, "", where)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
