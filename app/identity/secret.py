"""The text of a key: `akin_live_` + id + `_` + 256 random bits + checksum, in base 62.

    akin_live_3kTz0QhB2a_b7G…43 characters…Xx0a9ZkP
              └── id ──┘ └──── secret ────┘└ CRC ┘

The prefix lets secret scanners find a key that was published by mistake, the checksum keeps them (and us) from taking
a mistyped word for one, and the id is public: it stands in lists and logs. Only the whole text opens anything.
"""

import re
import secrets
from hashlib import sha256
from zlib import crc32

PREFIX = "akin_live_"
ID_LENGTH = 10
SECRET_LENGTH = 43
"""Characters that hold 256 bits: 62 ** 43 > 2 ** 256."""
_CHECK_LENGTH = 6
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{ID_LENGTH}}})_[0-9A-Za-z]{{{SECRET_LENGTH + _CHECK_LENGTH}}}")


def new_id() -> str:
    """An id for a new key: public, and unlikely to be given twice."""
    return "".join(secrets.choice(_DIGITS) for _ in range(ID_LENGTH))


def new_text(key_id: str) -> str:
    """The text of a new key."""
    begun = f"{PREFIX}{key_id}_{_base62(secrets.randbits(256), SECRET_LENGTH)}"
    return begun + _checksum(begun)


def id_in(text: str) -> str | None:
    """The id a key says, or None for what is no whole key: another form, or a mistyped one."""
    found = _FORM.fullmatch(text)
    return found.group(1) if found and _checksum(text[:-_CHECK_LENGTH]) == text[-_CHECK_LENGTH:] else None


def is_well_formed(text: str) -> bool:
    """Whether the text has the form and the checksum of a key. Says nothing of its being valid."""
    return id_in(text) is not None


def digest(text: str) -> bytes:
    """What is kept of a key. A plain hash does: 256 random bits cannot be guessed, however fast the hash is."""
    return sha256(text.encode()).digest()


def _checksum(text: str) -> str:
    return _base62(crc32(text.encode()), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
