"""A line of text between other views, in their style."""

import traitlets

from nbinterp.views.base.view import View


class Note(View):
    """A line of text; where no kernel is, also what its neighbours cannot do then.

    Attributes
    ----------
    text : str
        What it says; nothing is shown while it is empty.

    Examples
    --------
    >>> Note(text="Choose a node.")
    Note(Choose a node.)
    """

    _kind = traitlets.Unicode("note").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True, page=False)

    def describe(self) -> str:
        """Return the text."""
        return f"{type(self).__name__}({self.text})"
