"""What can be said of a job's future, in words: its place in the queue, and when it will be ready."""

from math import ceil

from tesigo.generation.forecasts import JobStatus
from tesigo.web.words import Words

_MOST_MINUTES = 90
_MINUTE_S, _HOUR_S = 60, 3600


def describe_outlook(status: JobStatus, words: Words) -> list[str]:
    """Return the place in the queue and the time until the document is ready; what is not known is left out."""
    told = []
    if status.queue_position is not None:
        told.append(_describe_place(status.queue_position + 1, words))
    if status.eta_s is not None:
        told.append(_describe_time(status.eta_s, words))
    return told


def _describe_place(place: int, words: Words) -> str:
    return words("outlook.next") if place == 1 else words("outlook.place", place=words.ordinal(place))


def _describe_time(eta_s: int, words: Words) -> str:
    """Return the time roughly, as a forecast is: minutes up to an hour and a half, then hours."""
    if eta_s < _MINUTE_S:
        return words("outlook.soon")
    minutes = ceil(eta_s / _MINUTE_S)
    if minutes <= _MOST_MINUTES:
        return words.count("outlook.minutes", minutes)
    return words.count("outlook.hours", round(eta_s / _HOUR_S))
