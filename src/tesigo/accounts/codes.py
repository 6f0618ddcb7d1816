"""Codes of magic links, and how secrets are stored: hashed with the installation's key, never in clear."""

import hashlib
import hmac
import secrets

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""Base 32 of RFC 4648, section 6: no 0, 1 and 8, which are read as O, I and B."""

_MISREAD = str.maketrans({"0": "O", "1": "I", "8": "B"})
_LENGTH = 28
_GROUP = 4


def generate_code() -> str:
    """Return 28 random letters and digits in groups of four (140 bits), which a person can type."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(letters[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def plain_code(typed: str) -> str:
    """Return the code's letters alone, however they were typed: case, dashes and spaces do not count."""
    return "".join(typed.split()).replace("-", "").upper().translate(_MISREAD)


def keyed_hash(purpose: str, value: str, *, secret_key: str) -> str:
    """Return 64 hexadecimal digits by which a secret is found again, of no use without the key.

    purpose: keeps the hash of a code from ever being taken for that of a token.
    """
    return hmac.new(secret_key.encode(), f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()
