"""A line of text, in the style of the views."""

import traitlets

from nbinterp.views.base.view import View


class Note(View):
    """A line of text. Without a kernel it also says what the linked views cannot do.

    Attributes
    ----------
    text : str
        The text; nothing is shown while it is empty.

    Examples
    --------
    >>> Note(text="Choose a node.")
    Note(Choose a node.)
    """

    _kind = traitlets.Unicode("note").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)

    def describe(self) -> str:
        """Return the text."""
        return f"{type(self).__name__}({self.text})"
