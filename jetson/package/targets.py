"""The systems that a package can be made for."""

from __future__ import annotations

from dataclasses import dataclass

from belisha.errors import UsageError

ARCHITECTURE = "arm64"
_OLDEST_GLIBC_MINOR = 17
"""That the wheels of aarch64 begin with."""


@dataclass(frozen=True)
class Target:
    """A system.

    Attributes:
        name: of the target.
        system: what it is, for people.
        python: its version, such as `3.10`.
        glibc: version of its C library.
    """

    name: str
    system: str
    python: str
    glibc: tuple[int, int]

    @property
    def tag(self) -> str:
        """What tells this target's package from others of the same version: `py310`."""
        return "py" + self.python.replace(".", "")

    @property
    def interpreter(self) -> str:
        """As in the names of wheels: `cp310-cp310`."""
        return "-".join(["cp" + self.python.replace(".", "")] * 2)

    @property
    def platforms(self) -> tuple[str, ...]:
        """Wheel platforms that run here, newest first."""
        minors = range(self.glibc[1], _OLDEST_GLIBC_MINOR - 1, -1)
        return (*(f"manylinux_2_{minor}_aarch64" for minor in minors), "manylinux2014_aarch64")

    @property
    def interpreters(self) -> str:
        """The Debian relation that admits exactly this Python."""
        major, minor = self.python.split(".")
        return f"python3 (>= {self.python}), python3 (<< {major}.{int(minor) + 1})"


TARGETS = {
    target.name: target
    for target in (
        Target("jetpack6", "JetPack 6, Ubuntu 22.04", "3.10", (2, 35)),
        Target("jetpack7", "JetPack 7, Ubuntu 24.04", "3.12", (2, 39)),
        Target("debian12", "Debian 12, the virtual Jetson", "3.11", (2, 36)),
    )
}


def find_target(name: str) -> Target:
    """A target by its name.

    Raises:
        UsageError: there is none.
    """
    if name not in TARGETS:
        raise UsageError(f"expected a target of {', '.join(TARGETS)}; got {name!r}")
    return TARGETS[name]
