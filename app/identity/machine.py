"""Which names and addresses are this machine's own, so that nobody else can reach what listens there."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether the host, a name or an address with or without brackets, can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_served_here(authority: str) -> bool:
    """Whether `host` or `host:port`, as the header Host or an origin's end has it, is this machine's loopback."""
    try:
        return is_loopback(urlsplit(f"//{authority}").hostname or "")
    except ValueError:
        return False
