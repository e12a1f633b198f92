"""One module for each kind of file that is accepted: whether it is whole, and whether it is harmless.

No database and no storage here, and each check reads bytes from a stranger: what a parser unfolds is bounded first.
"""


class UnacceptableFile(Exception):  # noqa: N818 -- the state of the file, in the words that a page uses
    """The file is refused; the message is for the person who chose it."""


class NotScanned(UnacceptableFile):
    """The virus scanner cannot be asked, so nothing is accepted (the operators' log says why)."""
