"""Off the device nobody may anything, unless a token or a group of the system says so."""

from __future__ import annotations

import grp
import hashlib
import os
from pathlib import Path

import pytest

from belisha.documents import parse_yaml
from belisha.errors import ConfigError
from belisha.service.access import (
    WRONG_ALLOWED,
    Access,
    AccessSettings,
    Grant,
    Group,
    Peer,
    is_loopback,
)

TOKEN = "a-token-of-the-workshop"
AWAY, HERE = Peer("remote", "192.0.2.7"), Peer("loopback", "127.0.0.1")


@pytest.fixture
def settings(tmp_path: Path) -> AccessSettings:
    (tmp_path / "token").write_text(TOKEN + "\n")
    digest = hashlib.sha256(b"the-token-of-the-fleet").hexdigest()
    return AccessSettings(
        groups={
            "workshop": Group(rights=("page", "log"), token_file=str(tmp_path / "token")),
            "fleet": Group(rights=("log", "switch"), token_sha256=digest),
        }
    )


def rights(grant: Grant | None) -> list[str] | None:
    return None if grant is None else sorted(grant.rights)


def test_nobody_comes_in_from_off_the_device_without_a_token(settings: AccessSettings) -> None:
    for one in (AccessSettings(), settings):
        assert rights(Access(one).of_peer(AWAY)) == []


def test_who_is_on_the_device_may_read_but_not_switch(settings: AccessSettings) -> None:
    assert rights(Access(settings).of_peer(HERE)) == ["log", "page"]
    assert rights(Access(AccessSettings(loopback=())).of_peer(HERE)) == []


def test_a_token_gives_its_groups_rights_and_no_more(settings: AccessSettings) -> None:
    access = Access(settings)
    assert access.of_token(AWAY, TOKEN) == Grant("workshop", frozenset({"page", "log"}), True)
    assert rights(access.of_token(AWAY, "the-token-of-the-fleet")) == ["log", "switch"]
    for wrong in ("", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
        assert rights(access.of_token(Peer("remote", wrong), wrong)) == []


def test_guessing_is_slowed_down_by_address_and_told(settings: AccessSettings) -> None:
    now, said = [0.0], list[str]()
    access = Access(settings, said.append, lambda: now[0])
    for _ in range(WRONG_ALLOWED):
        assert rights(access.of_token(AWAY, "wrong")) == []
    assert access.of_token(AWAY, TOKEN) is None
    assert rights(access.of_token(Peer("remote", "192.0.2.8"), TOKEN)) == ["log", "page"]
    now[0] = 61
    assert rights(access.of_token(AWAY, TOKEN)) == ["log", "page"]
    assert said == [
        "a wrong token came from 192.0.2.7, 1 in the last minute",
        "a wrong token came from 192.0.2.7, 5 in the last minute",
    ]


def test_a_browser_is_known_by_its_session_for_half_a_day(settings: AccessSettings) -> None:
    now = [0.0]
    access = Access(settings, now_s=lambda: now[0])
    grant = access.of_token(AWAY, TOKEN)
    assert grant is not None
    secret = access.open_session(grant)
    assert access.of_session(secret) == grant
    assert rights(access.of_session(secret + "x")) == []
    access.close_session(access.open_session(grant))
    now[0] = 13 * 3600
    assert rights(access.of_session(secret)) == []


def test_sessions_do_not_pile_up(settings: AccessSettings) -> None:
    access = Access(settings)
    secrets = [access.open_session(Grant("x", frozenset({"page"}), True)) for _ in range(200)]
    assert sum(bool(access.of_session(one).rights) for one in secrets) == 64
    assert access.of_session(secrets[-1]).rights


def test_a_process_is_known_by_the_groups_of_its_user() -> None:
    group = grp.getgrall()[0]
    access = Access(
        AccessSettings(groups={"drivers": Group(rights=("switch",), unix_group=group.gr_name)})
    )
    assert rights(access.of_peer(Peer("unix", "", os.getuid(), os.getgid()))) == [
        *("log", "page", "switch")
    ]
    assert rights(access.of_peer(Peer("unix", "", 54321, group.gr_gid))) == ["switch"]
    assert rights(access.of_peer(Peer("unix", "", 54321, 54321))) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("groups: {a: {rights: [page]}}", "nobody is in it"),
        ("groups: {a: {rights: [pages], token_file: t}}", "Invalid enum value 'pages'"),
        ("groups: {a: {rights: [page], token_sha256: abc}}", "64 hexadecimal digits"),
        ("loopbak: [page]", "did you mean 'loopback'"),
    ],
)
def test_settings_are_read_strictly(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"car\.yaml:1: ") as caught:
        parse_yaml(text, AccessSettings, "car.yaml")
    assert words in str(caught.value)


def test_a_token_that_can_be_guessed_and_a_group_that_is_not_there_are_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "short").write_text("1234")
    for group, words in (
        (
            Group(rights=("page",), token_file=str(tmp_path / "short")),
            "at least 16 characters, got 4",
        ),
        (Group(rights=("page",), token_file=str(tmp_path / "absent")), "cannot be read"),
        (Group(rights=("page",), unix_group="no-such-group"), "groupadd no-such-group"),
    ):
        with pytest.raises(ConfigError, match=words):
            Access(AccessSettings(groups={"g": group}))


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_what_counts_as_the_device_itself(address: str, own: bool) -> None:
    assert is_loopback(address) is own
