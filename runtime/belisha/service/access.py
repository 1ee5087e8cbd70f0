"""Who may read the page, pull the log, switch the model. Off the device: nobody, unless told so.

    access:
      loopback: [page, log]              # processes on the device, without a token
      groups:
        workshop:
          rights: [page, log]
          token_file: /etc/belisha/workshop.token
        drivers:
          rights: [page, switch]
          unix_group: belisha            # members, through the page's Unix socket

A token is compared in constant time and never stored or logged; wrong ones are counted by address
and slow their sender down. Tokens keep people out, they hide nothing: off the device use TLS or a
tunnel, such as `ssh -L 8090:127.0.0.1:8090 CAR`.
"""

from __future__ import annotations

import grp
import hashlib
import hmac
import ipaddress
import os
import pwd
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from belisha.documents import read_bounded
from belisha.errors import ConfigError

Right = Literal["page", "log", "switch"]
ALL_RIGHTS: tuple[Right, ...] = ("page", "log", "switch")
LEAST_TOKEN = 16
"""Characters; shorter ones can be guessed."""
MAX_TOKEN_BYTES = 1024
SESSION_S = 12 * 3600.0
MAX_SESSIONS = 64
WRONG_ALLOWED = 5
WRONG_S = 60.0
"""After five wrong tokens in a minute an address is not listened to for the rest of it."""
_MAX_ADDRESSES = 1000
ADVICE = (
    "a token crosses the network as it is: use TLS (tls_certificate, tls_key) or a tunnel "
    "(ssh -L 8090:127.0.0.1:8090 CAR)"
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Some people, what they may do, and how they are known; one way is enough.

    Attributes:
        rights: any of `page`, `log`, `switch`.
        token_file: a file that holds the group's token, readable by the service alone.
        token_sha256: the token's sha256 in hexadecimal, if it shall not lie on the device.
        unix_group: members of this group of the system, through the Unix socket.
    """

    rights: tuple[Right, ...]
    token_file: str | None = None
    token_sha256: str | None = None
    unix_group: str | None = None

    def __post_init__(self) -> None:
        if not (self.token_file or self.token_sha256 or self.unix_group):
            raise ValueError(
                "expected one of token_file, token_sha256, unix_group: nobody is in it"
            )
        if self.token_sha256 and not re.fullmatch(r"[0-9a-f]{64}", self.token_sha256):
            raise ValueError(
                "expected token_sha256 as 64 hexadecimal digits: printf %s TOKEN | sha256sum"
            )


@dataclass(frozen=True, kw_only=True)
class AccessSettings:
    """Who may do what.

    Attributes:
        loopback: rights of whoever is on the device; empty if a proxy there serves the outside.
        groups: name -> group.
    """

    loopback: tuple[Right, ...] = ("page", "log")
    groups: dict[str, Group] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """The other end of a connection.

    Attributes:
        kind: over the device's own loopback, from elsewhere, or through the Unix socket.
        address: for messages.
        uid, gid: of the process at the other end of a Unix socket; -1 otherwise.
    """

    kind: Literal["loopback", "remote", "unix"]
    address: str
    uid: int = -1
    gid: int = -1


@dataclass(frozen=True)
class Grant:
    """What somebody may do.

    Attributes:
        who: as whom the log knows them.
        rights: what they may do.
        by_token: whether they showed a token; others may be told to.
    """

    who: str
    rights: frozenset[Right] = frozenset()
    by_token: bool = False


NOBODY = Grant("nobody")


class Access:
    """Decides about requests; one object for all threads.

    Args:
        settings: as read from the configuration.
        say: gets a sentence about each refusal that is worth one.
        now_s: a clock that nobody sets.

    Raises:
        ConfigError: a token file cannot be read, is too short, or a group of the system is unknown.
    """

    def __init__(
        self,
        settings: AccessSettings,
        say: Callable[[str], None] = lambda text: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loopback = frozenset(settings.loopback)
        self._say, self._now_s = say, now_s
        self._tokens: list[tuple[bytes, Grant]] = []
        self._members: list[tuple[int, Grant]] = []
        for name, group in settings.groups.items():
            self._admit(Grant(name, frozenset(group.rights), by_token=True), group)
        self._sessions: dict[bytes, tuple[float, Grant]] = {}
        self._wrong: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    @property
    def has_tokens(self) -> bool:
        """Whether anybody can come from off the device."""
        return bool(self._tokens)

    def of_peer(self, peer: Peer) -> Grant:
        """What somebody may do without a token."""
        if peer.kind == "loopback":
            return Grant("loopback", self._loopback)
        if peer.kind == "unix":
            return self._of_process(peer)
        return NOBODY

    def of_token(self, peer: Peer, token: str) -> Grant | None:
        """What a token allows; `None` if its sender sent too many wrong ones and has to wait."""
        with self._lock:
            wrong = self._recent(peer.address)
            if len(wrong) >= WRONG_ALLOWED:
                return None
        # Every token is compared, so that the time says nothing about which came close.
        digest = hashlib.sha256(token.encode()[:MAX_TOKEN_BYTES]).digest()
        found = [grant for known, grant in self._tokens if hmac.compare_digest(known, digest)]
        if found:
            return found[0]
        self._note_wrong(peer.address)
        return NOBODY

    def open_session(self, grant: Grant) -> str:
        """A secret that stands for a grant for twelve hours, for a browser's cookie."""
        secret = secrets.token_urlsafe(32)
        now = self._now_s()
        with self._lock:
            alive = [one for one in self._sessions.items() if one[1][0] > now]
            self._sessions = dict(alive[-(MAX_SESSIONS - 1) :])
            self._sessions[_digest(secret)] = (now + SESSION_S, grant)
        return secret

    def of_session(self, secret: str) -> Grant:
        """What a browser may do that has signed in."""
        with self._lock:
            until, grant = self._sessions.get(_digest(secret), (0.0, NOBODY))
        return grant if self._now_s() < until else NOBODY

    def close_session(self, secret: str) -> None:
        """Sign out."""
        with self._lock:
            self._sessions.pop(_digest(secret), None)

    def _admit(self, grant: Grant, group: Group) -> None:
        if group.token_sha256:
            self._tokens.append((bytes.fromhex(group.token_sha256), grant))
        if group.token_file:
            self._tokens.append((_digest(_read_token(Path(group.token_file))), grant))
        if group.unix_group:
            try:
                self._members.append((grp.getgrnam(group.unix_group).gr_gid, grant))
            except KeyError as error:
                raise ConfigError(
                    f"access: group {grant.who!r}: the system has no group {group.unix_group!r}: "
                    f"groupadd {group.unix_group}"
                ) from error

    def _of_process(self, peer: Peer) -> Grant:
        """Root and the service's own user may all; others by the groups they are in."""
        if peer.uid in (0, os.getuid()):
            return Grant(f"user {peer.uid}", frozenset(ALL_RIGHTS))
        try:
            user = pwd.getpwuid(peer.uid).pw_name
            groups = set(os.getgrouplist(user, peer.gid))
        except (KeyError, OSError):
            user, groups = str(peer.uid), {peer.gid}
        rights = [grant.rights for gid, grant in self._members if gid in groups]
        return Grant(f"user {user}", frozenset().union(*rights))

    def _recent(self, address: str) -> list[float]:
        """When this address was wrong in the last minute; the lock is held."""
        since = self._now_s() - WRONG_S
        return [moment for moment in self._wrong.get(address, []) if moment > since]

    def _note_wrong(self, address: str) -> None:
        with self._lock:
            wrong = [*self._recent(address), self._now_s()]
            if address not in self._wrong and len(self._wrong) >= _MAX_ADDRESSES:
                self._wrong.pop(next(iter(self._wrong)))
            self._wrong[address] = wrong
        if len(wrong) in (1, WRONG_ALLOWED):
            self._say(f"a wrong token came from {address}, {len(wrong)} in the last minute")


def is_loopback(address: str) -> bool:
    """Whether an address is the device's own."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def _read_token(path: Path) -> str:
    try:
        token = read_bounded(path, MAX_TOKEN_BYTES).decode().strip()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected a token as text") from error
    if len(token) < LEAST_TOKEN:
        raise ConfigError(
            f"{path}: expected a token of at least {LEAST_TOKEN} characters, got {len(token)}: "
            "openssl rand -hex 24"
        )
    return token


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
