"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "trouble"]


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        about: camera, engine, power, disk, clock, permissions, versions, ...
        state: `trouble` keeps people from being found, or will; a `note` is worth knowing.
        text: what was found.
        advice: what to do; empty if nothing.
    """

    about: str
    state: State
    text: str
    advice: str = ""


def worst(findings: tuple[Finding, ...]) -> State:
    """The worst state of all."""
    states = {finding.state for finding in findings}
    return "trouble" if "trouble" in states else "note" if "note" in states else "ok"
