"""The two keys of an installation: the rules that they obey, and a pair of its own for development."""

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

_SHORTEST = 32
_FORBIDDEN_WORDS = ("secret", "password", "test", "admin")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """secret_key: hashes what is stored of codes and tokens. jwt_secret: signs access tokens."""

    secret_key: str
    jwt_secret: str

    def __repr__(self) -> str:
        return "KeyPair(…)"


def broken_rule(key: str) -> str | None:
    """Return the rule that the key breaks, None when it is good; the key itself is never told."""
    if len(key) < _SHORTEST:
        return f"must be at least {_SHORTEST} characters long"
    for word in _FORBIDDEN_WORDS:
        if word in key.lower():
            return f'must not contain the word "{word}"'
    return None


def generate_pair() -> KeyPair:
    """Return two different random keys of 43 characters (256 bits) that obey the rules."""
    return KeyPair(secret_key=_generate_key(), jwt_secret=_generate_key())


def kept_pair(folder: Path) -> KeyPair:
    """Return the pair that is kept in the folder, made on first use, readable by its owner only."""
    file = folder / "keys.json"
    if not file.exists():
        pair = generate_pair()
        folder.mkdir(parents=True, exist_ok=True)
        # 0600 from the first byte on; a link, because it fails where a rename would put ours over another's
        with NamedTemporaryFile("w", dir=folder, prefix=".keys-") as draft:
            json.dump({"secret_key": pair.secret_key, "jwt_secret": pair.jwt_secret}, draft)
            draft.flush()
            os.fsync(draft.fileno())
            with contextlib.suppress(FileExistsError):  # another process was first: its pair is the pair
                os.link(draft.name, file)
    return KeyPair(**json.loads(file.read_text()))


def _generate_key() -> str:
    while True:
        key = secrets.token_urlsafe(32)
        if broken_rule(key) is None:
            return key
