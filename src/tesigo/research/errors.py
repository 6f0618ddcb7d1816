"""What can go wrong in research."""

from tesigo.kit.errors import Unavailable


class SourcesUnavailable(Unavailable):
    """A search does not answer, or refuses for now: the others serve, the same query may work later."""

    code = "sources_unavailable"
