"""How parts of the service say what happened; who listens is decided in the assembly."""

from __future__ import annotations

from typing import Literal, Protocol

from belisha.errors import BelishaError

Level = Literal["info", "warning", "alarm"]


def words_of(error: Exception) -> str:
    """An error in a sentence; one that is none of ours says of what kind it is."""
    return str(error) if isinstance(error, BelishaError) else f"{type(error).__name__}: {error}"


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
