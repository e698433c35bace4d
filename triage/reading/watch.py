"""What a person may see and do while logs are read: progress, and an end before the end."""

from __future__ import annotations

from collections.abc import Callable


class Watch:
    """Bytes that were read, of how many; and whether to stop."""

    def __init__(self, show: Callable[[int, int], None] | None = None) -> None:
        self.total_bytes = 0
        self.done_bytes = 0
        self.stopped = False
        """Set by whoever wants what was read so far."""
        self.left_out = 0
        """Bytes that were not read because of that."""
        self._show = show

    def tick(self, running_bytes: int = 0) -> None:
        """Show where the reading stands."""
        if self._show is not None and self.total_bytes:
            self._show(min(self.done_bytes + running_bytes, self.total_bytes), self.total_bytes)
