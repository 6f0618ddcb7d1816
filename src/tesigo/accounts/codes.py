"""Codes of magic links, and how secrets are stored: hashed with the installation's key, never in clear."""

import base64
import hashlib
import hmac
import secrets

_MISREAD = str.maketrans({"0": "O", "1": "I", "8": "B"})
"""Base 32 of RFC 4648, section 6, has letters in the place of digits that look like them."""

_LENGTH = 28
_GROUP = 4


def new_seed() -> str:
    """Return 64 random hexadecimal digits (256 bits), from which `code_of_seed` makes a code."""
    return secrets.token_hex(32)


def code_of_seed(seed: str, *, secret_key: str) -> str:
    """Return 28 letters and digits in groups of four (140 bits), which a person can type.

    The same seed gives the same code, and nobody gets from one to the other without the key: a seed may lie in the
    database until the mail with its code is sent, where a code may not.
    """
    digest = bytes.fromhex(keyed_hash("link code's seed", seed, secret_key=secret_key))
    letters = base64.b32encode(digest)[:_LENGTH].decode()
    return "-".join(letters[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def plain_code(typed: str) -> str:
    """Return the code's letters alone, however they were typed: case, dashes and spaces do not count."""
    return "".join(typed.split()).replace("-", "").upper().translate(_MISREAD)


def keyed_hash(purpose: str, value: str, *, secret_key: str) -> str:
    """Return 64 hexadecimal digits by which a secret is found again, of no use without the key.

    purpose: keeps the hash of a code from ever being taken for that of a token.
    """
    return hmac.new(secret_key.encode(), f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()
