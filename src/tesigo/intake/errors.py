"""What can be wrong with a file that somebody brings."""

from tesigo.kit.errors import Invalid, TooLarge, UnsupportedKind


class UnsupportedFile(UnsupportedKind):
    """A file of a kind that cannot be read here: the message says what it is and what to bring."""

    code = "unsupported_file"


class MismatchedName(UnsupportedKind):
    """The name's ending claims another kind than the content is: rename the file or bring the right one."""

    code = "mismatched_name"


class BrokenFile(Invalid):
    """The file is damaged: export or download it again."""

    code = "broken_file"


class EncryptedFile(Invalid):
    """The file is locked with a password: save a copy without one."""

    code = "encrypted_file"


class NoText(Invalid):
    """The file is whole but holds no text, as a scan: bring one with text."""

    code = "no_text"


class DangerousFile(Invalid):
    """The file is built to do harm, or looks like it: it is not opened."""

    code = "dangerous_file"


class FileTooLarge(TooLarge):
    """The file, or what it unpacks to, is above the limit that the message names."""

    code = "file_too_large"
