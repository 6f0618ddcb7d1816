"""What can go wrong while a document is written."""

from tesigo.kit.errors import Failure, Invalid


class InvalidBrief(Invalid):
    """The wish for a document breaks a rule; `fields` names each of them."""

    code = "invalid_brief"


class NoUsableSource(Invalid):
    """Nothing at hand can be quoted for this title: add sources as the message says."""

    code = "no_usable_source"


class FaultyText(Failure):
    """A written text breaks a promise that could not be mended; the message names the section."""

    code = "faulty_text"
