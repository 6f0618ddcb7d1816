"""How many tokens a text has, as far as that can be said without its model's own vocabulary.

A tokenizer is a download of megabytes for each family of models, and those of today's models are not published. What
is billed comes from the provider's own count; these are for what is set aside before a call, and for its fallback.
"""

from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.ports import Prompt, Usage

_BYTES_PER_TOKEN = 4
_FEWEST_BYTES_PER_TOKEN = 2
_TOKENS_PER_MESSAGE = 16
_TOKENS_PER_CALL = 256


def estimated_tokens(text: str) -> int:
    """Return about how many tokens the text has: one for four bytes, which English and Ukrainian come near to."""
    return -(-_bytes(text) // _BYTES_PER_TOKEN)


def estimated_usage(prompt: Prompt, answer: str) -> Usage:
    """Return about what a call used that was answered with so much."""
    return Usage(sum(map(estimated_tokens, _texts(prompt))), estimated_tokens(answer), is_estimated=True)


def most_usage(prompt: Prompt, model: ModelFacts) -> Usage:
    """Return what a call will not exceed: a token for every two bytes, what providers add, and the longest answer.

    Prose has 3 to 4.5 bytes a token with the vocabularies of the last years; numbers and names come near to 2. Only a
    text in a script that a vocabulary does not know (one byte a token) would use more than is set aside for it.
    """
    texts = _texts(prompt)
    written = sum(map(_bytes, texts)) // _FEWEST_BYTES_PER_TOKEN
    around = _TOKENS_PER_CALL + _TOKENS_PER_MESSAGE * len(texts)
    return Usage(written + around, most_answer_tokens(prompt, model), is_estimated=True)


def most_answer_tokens(prompt: Prompt, model: ModelFacts) -> int:
    """Return how many tokens the model may use for thinking and answering together."""
    return min(prompt.most_tokens + model.thinking_tokens, model.output_tokens)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))  # half an emoji is sent as a question mark too


def _texts(prompt: Prompt) -> list[str]:
    schema = [str(dict(prompt.schema))] if prompt.schema else []
    return [prompt.system, *(message.text for message in prompt.messages), *schema]
