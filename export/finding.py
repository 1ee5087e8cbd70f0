"""What a lint rule found: one rule, one node, one message."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """A broken rule.

    Attributes:
        rule: its name.
        node: the node or tensor that breaks it; empty for the whole file.
        message: what was expected, what is there, what it leads to.
    """

    rule: str
    node: str
    message: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.node or 'the file'}: {self.message}"

    def json(self) -> dict[str, str]:
        """For programs."""
        return asdict(self)
