"""Disk, clock, permissions and versions."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from belisha.bench.environment import Environment
from belisha.doctor.finding import Finding

USER = "belisha"
"""Whom the unit runs the service as."""
DEVICES = (
    "dev/video*",
    "dev/nvmap",
    "dev/nvhost-ctrl-gpu",
    "dev/nvgpu/igpu0/ctrl",
    "dev/dri/render*",
)
"""What the service opens, on boards that have it."""
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
_LEAST_FREE_MB = 200
_NO_EARLIER = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""Older than any release of this: a clock that says so has lost its time."""


def examine_disk(folder: Path, least_mb: int = _LEAST_FREE_MB) -> Finding:
    """Whether there is room where the service writes.

    Args:
        folder: that it writes to; it need not be there yet.
        least_mb: that should be free.
    """
    there = next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))
    free_mb = shutil.disk_usage(there).free // 1_000_000
    words = f"{free_mb} MB free in {there}"
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        return Finding(
            "disk", "trouble", f"{there} is mounted read-only",
            "a file system that had errors is mounted so: see dmesg, and check the card",
        )  # fmt: skip
    if free_mb < least_mb:
        return Finding(
            "disk", "note", words,
            "people are still found, but the log loses entries and engines cannot be kept",
        )  # fmt: skip
    return Finding("disk", "ok", words)


def examine_clock(now: datetime, synchronised: Path = SYNCHRONISED) -> Finding:
    """Whether the wall clock can be right; times in rules and logs rest on it, latencies do not.

    Args:
        now: UTC.
        synchronised: a file that is there once the clock was set from the network.
    """
    words = now.isoformat(sep=" ", timespec="seconds")
    if now < _NO_EARLIER:
        return Finding(
            "clock", "trouble", f"it says {words}",
            "connect it to a network once, or fit a clock battery: rules that ask for the hour err",
        )  # fmt: skip
    if not synchronised.exists():
        return Finding(
            "clock", "note", f"{words}, not set from the network since the start",
            "timedatectl shows why; without a network, a clock battery keeps the time",
        )  # fmt: skip
    return Finding("clock", "ok", words)


@dataclass(frozen=True)
class Account:
    """Somebody, and the groups they are in, as numbers."""

    name: str
    user: int
    groups: frozenset[int]


def find_account(name: str = USER) -> Account | None:
    """The account of that name, if there is one."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, frozenset(os.getgrouplist(name, entry.pw_gid)))


def may_use(found: os.stat_result, account: Account) -> bool:
    """Whether an account may read and write a file, by its plain permissions."""
    if account.user == 0:
        return True
    if account.user == found.st_uid:
        wanted = stat.S_IRUSR | stat.S_IWUSR
    elif found.st_gid in account.groups:
        wanted = stat.S_IRGRP | stat.S_IWGRP
    else:
        wanted = stat.S_IROTH | stat.S_IWOTH
    return found.st_mode & wanted == wanted


def examine_permissions(account: Account | None, root: Path = Path("/")) -> tuple[Finding, ...]:
    """Whether the service may use the devices.

    Args:
        account: that it runs as.
        root: stands for /.
    """
    if account is None:
        return (Finding("permissions", "ok", f"no user {USER}: the package is not installed here"),)
    refused = [
        (path, found) for path in _devices(root) if not may_use(found := path.stat(), account)
    ]
    if not refused:
        return (Finding("permissions", "ok", f"{account.name} may use every device there is"),)
    return tuple(
        Finding(
            "permissions", "trouble", f"{account.name} may not use {path}",
            f"sudo adduser {account.name} {_group(found.st_gid)}, then restart the service",
        )
        for path, found in refused
    )  # fmt: skip


def _devices(root: Path) -> Iterable[Path]:
    return (path for pattern in DEVICES for path in sorted(root.glob(pattern)))


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def examine_versions(environment: Environment) -> tuple[Finding, ...]:
    """What runs here, for whoever is asked for help."""
    libraries = environment.libraries
    words = [
        f"belisha {environment.belisha}", f"Python {environment.python}", environment.system,
        *(f"{name} {version}" for name, version in libraries.items()),
    ]  # fmt: skip
    found = Finding("versions", "ok", ", ".join(words))
    jetson = environment.jetson
    if jetson is None:
        return (found,)
    board = ", ".join(
        [jetson.board, f"L4T {jetson.l4t or 'unknown'}", f"JetPack {jetson.jetpack or 'unknown'}"]
    )
    missing = [name for name in ("tensorrt", "pycuda") if name not in libraries]
    if missing:
        return found, Finding(
            "board", "note", f"{board}; without {' and '.join(missing)}",
            "the processor serves meanwhile; the step is in /usr/share/doc/belisha/README.md",
        )  # fmt: skip
    return found, Finding("board", "ok", board)
