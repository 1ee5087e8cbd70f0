"""The page as the service knows it: `publish`, which never waits, and a way to start and stop."""

from __future__ import annotations

from pathlib import Path

from belisha.service.access import ADVICE, Access
from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Event
from belisha.service.page.desk import Desk, ReadStatus, SwitchBundle
from belisha.service.page.feedback import Feedback
from belisha.service.page.handler import handler_for
from belisha.service.page.live import Shown
from belisha.service.page.server import PageServer, tls_context
from belisha.service.page.settings import PageSettings


class Page:
    """The page of one service.

    Args:
        settings: how it is served, and to whom.
        status: tells what is going on; called from the page's threads, while somebody looks.
        log: the activity log: what the page shows of the past, and what may be pulled.
        feedback: folder for frames that people mark; without it the buttons are not there.
        switch: pins a bundle by name, or leaves the choice to the rules (`None`).

    Raises:
        ConfigError: the settings of access cannot be honoured.
        UsageError: the address cannot be listened on, or certificate and key are none.
    """

    def __init__(
        self,
        settings: PageSettings,
        status: ReadStatus,
        *,
        log: ActivityLog | None = None,
        feedback: Path | None = None,
        switch: SwitchBundle | None = None,
    ) -> None:
        def refused(text: str) -> None:
            if log is not None:
                log.add_event(Event(name="access", level="warning", text=text))

        access = Access(settings.access, refused)
        kept = Feedback(feedback, settings.feedback_bytes) if feedback is not None else None
        self._settings = settings
        self._desk = Desk(settings, access, status, log, kept, switch)
        self.warnings = _warnings(settings, access)
        self._servers = self._open_servers()

    @property
    def url(self) -> str:
        """Where it is, for a person on the device."""
        host, _ = self._settings.address
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - to be shown
        scheme = "https" if self._desk.encrypted else "http"
        port = self._servers[0].port
        return f"{scheme}://[{shown}]:{port}/" if ":" in shown else f"{scheme}://{shown}:{port}/"

    def start(self) -> None:
        """Serve, in threads of its own."""
        for server in self._servers:
            server.start()

    def wants(self) -> bool:
        """Whether `publish` would take a picture now: ask before words are made for it."""
        return self._desk.live.wants()

    def publish(self, shown: Shown) -> None:
        """Offer a frame with what was found; returns at once, at no cost while nobody looks."""
        self._desk.live.publish(shown)

    def close(self) -> None:
        """Stop serving."""
        self._desk.closing = True
        self._desk.live.close()
        for server in self._servers:
            server.stop()

    def _open_servers(self) -> list[PageServer]:
        settings, handler = self._settings, handler_for(self._desk)
        context = None
        if settings.tls_certificate is not None and settings.tls_key is not None:
            context = tls_context(settings.tls_certificate, settings.tls_key)
        servers = [PageServer(settings.address, handler, context)]
        if settings.socket is not None:
            try:
                servers.append(PageServer(Path(settings.socket), handler))
            except BaseException:
                servers[0].stop()
                raise
        return servers


def _warnings(settings: PageSettings, access: Access) -> tuple[str, ...]:
    """What should be said when the page is opened beyond the device."""
    if settings.local:
        return ()
    warnings = []
    if not access.has_tokens:
        warnings.append(
            f"the page listens on {settings.listen}, but no group has a token: "
            "nobody off this device can read it"
        )
    elif settings.tls_certificate is None:
        warnings.append(f"the page listens on {settings.listen} without TLS: {ADVICE}")
    return tuple(warnings)
