"""How parts of the service say what happened; who listens is decided in the assembly."""

from __future__ import annotations

from typing import Literal, Protocol

Level = Literal["info", "warning", "alarm"]


class Say(Protocol):
    """Takes a sentence; may be called from any thread and returns at once."""

    def __call__(self, name: str, text: str, level: Level = "info") -> None:
        """Take a sentence.

        Args:
            name: a word for what it is about: `camera`, `bundle`, `engine`, `rule`, ...
            text: the sentence.
            level: an `alarm` wants somebody to do something.
        """
        ...
