"""A page of a van, with two groups that may something with their tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from belisha.errors import UsageError
from belisha.service.access import AccessSettings, Group
from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Event
from belisha.service.page.page import Page
from belisha.service.page.settings import PageSettings
from tests.runtime.service.logs import busy_second
from tests.runtime.service.page.visits import (
    OTHER,
    STATUS,
    TOKEN,
    Visitor,
    opened,
    token_file,
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ActivityLog]:
    opened_log = ActivityLog(tmp_path / "activity.db")
    opened_log.add_event(Event(name="start", text="started"))
    opened_log.add_second(busy_second(3))
    yield opened_log
    opened_log.close(30)


@pytest.fixture
def settings(tmp_path: Path) -> PageSettings:
    """Nobody may anything without a token, wherever they are."""
    groups = {
        "workshop": Group(rights=("page", "log"), token_file=token_file(tmp_path, TOKEN)),
        "drivers": Group(rights=("page", "switch"), token_file=token_file(tmp_path, OTHER)),
    }
    access = AccessSettings(loopback=(), groups=groups)
    return PageSettings(listen="127.0.0.1:0", rate_hz=30, access=access)


@pytest.fixture
def page(settings: PageSettings, log: ActivityLog, tmp_path: Path) -> Iterator[Page]:
    def switch(bundle: str | None) -> str:
        if bundle not in (None, *STATUS.bundles):
            raise UsageError(f"no bundle {bundle!r} is loaded")
        return f"bundle {bundle}" if bundle else "as the rules say"

    made = Page(settings, lambda: STATUS, log=log, feedback=tmp_path / "kept", switch=switch)
    with opened(made):
        yield made


@pytest.fixture
def workshop(page: Page) -> Visitor:
    return Visitor(page, Authorization=f"Bearer {TOKEN}")
