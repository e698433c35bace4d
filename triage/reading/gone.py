"""Files that are removed while they are read, as a rotation of logs does it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

TROUBLE = "gap.file-gone"


class Gone(io.BytesIO):
    """What can still be read of such a file."""

    broken = TROUBLE


def opened(open_: Callable[[], BinaryIO]) -> BinaryIO:
    """The file that was found before, or nothing where it is gone."""
    try:
        return open_()
    except FileNotFoundError:
        return Gone()
