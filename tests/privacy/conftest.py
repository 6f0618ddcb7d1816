"""One house for a file of tests, and a writer of its own for each."""

from tests.writers import house, me, other

__all__ = ["house", "me", "other"]
