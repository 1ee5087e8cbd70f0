"""What happens when something breaks: rehearsed with the real service, seen from outside."""

from __future__ import annotations

import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from belisha.frames import Image
from belisha.service.assembled import World
from belisha.service.assembly import Service
from belisha.service.systemd import Systemd
from benchmarks.service.stage import Heard, Mode, StagedCamera, StagedEngines

RATE_HZ = 30.0
HOLD_S = 3.0
"""How long a fault lasts at least."""
PATIENCE_S = 15.0
"""How long is waited until it is seen, and until all is well again."""
_CONFIG = """\
name: rehearsal
camera: {source: /dev/stage, reopen_after_s: 30}
detector: {threads: 1}
sinks: {unix: [reads.sock, hangs.sock], file: {path: decisions.jsonl}}
log: {path: activity.db}
"""


@dataclass(frozen=True)
class FaultRow:
    """How the service took one fault.

    Attributes:
        name: of the fault.
        seen_s: from its begin until the service said so; `None`: it never did.
        lost: decisions that did not come because of it.
        lost_else: what else was lost, in words.
        recovered_s: from its end until all was as before; `None`: it never was.
    """

    name: str
    seen_s: float | None
    lost: int
    lost_else: str
    recovered_s: float | None


@dataclass(frozen=True)
class _Fault:
    """A fault on the stage.

    Attributes:
        begin, end: make it and take it away.
        seen: seconds after a moment at which the service said so.
        well: whether all is as before, given the moment of its end.
        else_lost: tells what else was lost.
    """

    name: str
    begin: Callable[[], None]
    end: Callable[[], None]
    seen: Callable[[float], float | None]
    well: Callable[[float], bool]
    else_lost: Callable[[], str] = lambda: ""


class _Reader(threading.Thread):
    """Reads decisions from a socket, as somebody's program would."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="reader", daemon=True)
        self.decisions: list[float] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.2)
        self.closing = False

    def run(self) -> None:
        while not self.closing:
            try:
                message = json.loads(self._socket.recv(65536))
            except TimeoutError:
                continue
            if message["kind"] == "decision":
                self.decisions.append(time.perf_counter())
        self._socket.close()

    def since(self, moment_s: float) -> int:
        """Decisions since a moment."""
        return sum(one >= moment_s for one in self.decisions[-2000:])


class Rehearsal:
    """The service with a reader that reads, a reader that hangs, and everything that may break.

    Args:
        folder: for its files, on a real disk.
        pictures: that the camera shows.
    """

    def __init__(self, folder: Path, pictures: Sequence[Image]) -> None:
        self._folder = folder
        self.camera, self.engines, self.heard = StagedCamera(pictures), StagedEngines(), Heard()
        self._clock_step = timedelta()
        (folder / "car.yaml").write_text(_CONFIG)
        self.reader = _Reader(folder / "reads.sock")
        self._hanging: socket.socket | None = None
        self.service = self._new_service()

    def run(self, tell: Callable[[FaultRow], None]) -> list[FaultRow]:
        """Play every fault, one after another."""
        self.reader.start()
        rows = []
        try:
            with self._serving():
                self._until(lambda: self.reader.since(0) > RATE_HZ, PATIENCE_S)
                for fault in self._faults():
                    rows.append(self._play(fault))
                    tell(rows[-1])
            with (self._folder / "activity.db").open("r+b") as log:
                log.write(b"junk" * 25_000)
            rows.append(self._start_on_damaged_log())
            tell(rows[-1])
            return rows
        finally:
            self.reader.closing = True
            self.reader.join(1)

    @contextmanager
    def _serving(self) -> Iterator[None]:
        """The service, running beside."""
        thread = threading.Thread(target=self.service.run, name="service")
        thread.start()
        try:
            yield
        finally:
            self.service.stop()
            thread.join(5)

    def _new_service(self) -> Service:
        world = World(self.camera.open, self.engines.open, self._utc)
        return Service(self._folder / "car.yaml", self.heard, Systemd({}), world)

    def _start_on_damaged_log(self) -> FaultRow:
        """A log that was written over is noticed when it is opened; times are from there."""
        begun = time.perf_counter()
        self.service = self._new_service()
        with self._serving():
            self._until(lambda: self.reader.since(begun) > 2, PATIENCE_S)
            recovered_s = time.perf_counter() - begun
            seen_s = self._log_event(begun, "damaged")
        aside = len(list(self._folder.glob("activity.db.damaged-*")))
        kept = "the damaged log is kept aside" if aside else "the damaged log"
        seen = None if seen_s is None else round(seen_s, 2)
        return FaultRow("log overwritten, restart", seen, 0, kept, round(recovered_s, 2))

    def _play(self, fault: _Fault) -> FaultRow:
        usual_hz = self._usual_rate()
        begun = time.perf_counter()
        fault.begin()
        self._until(lambda: fault.seen(begun) is not None, PATIENCE_S)
        time.sleep(max(begun + HOLD_S - time.perf_counter(), 0))
        ended = time.perf_counter()
        fault.end()
        well = self._until(lambda: fault.well(ended), PATIENCE_S)
        now = time.perf_counter()
        lost = round((now - begun) * usual_hz) - self.reader.since(begun)
        seen = fault.seen(begun)
        return FaultRow(
            fault.name,
            None if seen is None else round(seen, 2),
            max(lost, 0),
            fault.else_lost(),
            round(now - ended, 2) if well else None,
        )

    def _usual_rate(self) -> float:
        """Decisions a second while all is well: a busy machine does not make the camera's rate."""
        since = time.perf_counter()
        time.sleep(1.5)
        return min(self.reader.since(since) / 1.5, RATE_HZ)

    def _faults(self) -> list[_Fault]:
        modes: tuple[tuple[Mode, str], ...] = (
            ("unplugged", "unplugged"),
            ("silent", "no frame comes"),
            ("frozen", "frozen"),
            ("black", "black"),
            ("cut off", "cut off"),
        )
        return [
            *(self._camera_fault(mode, words) for mode, words in modes),
            self._full_disk(),
            self._removed_log(),
            self._set_clock(),
            self._no_memory(),
            self._hanging_reader(),
        ]

    def _camera_fault(self, mode: Mode, words: str) -> _Fault:
        def begin() -> None:
            self.camera.mode = mode

        def end() -> None:
            self.camera.mode = "well"

        return _Fault(
            f"camera {mode}",
            begin,
            end,
            lambda since: self.heard.when(since, "camera", words),
            lambda ended: self.reader.since(ended) > 2,
        )

    def _full_disk(self) -> _Fault:
        """No file may grow beyond what it has: the same error paths as a full disk."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = [0]

        def begin() -> None:
            before[0] = self._given_up()
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))

        return _Fault(
            "disk full",
            begin,
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)),
            lambda since: self.heard.when(since, "outlet", "cannot be written"),
            lambda ended: (
                self.heard.when(ended, "outlet", "can be written again") is not None
                and not self._log_trouble()
            ),
            lambda: (
                f"{self._given_up() - before[0]} lines of the file, {self._log_lost()} of the log"
            ),
        )

    def _removed_log(self) -> _Fault:
        """Somebody deletes the log while it is in use."""
        return _Fault(
            "log deleted",
            (self._folder / "activity.db").unlink,
            lambda: None,
            lambda since: self._log_event(since, "removed"),
            lambda ended: not self._log_trouble(),
            lambda: f"{self._log_lost()} of the log",
        )

    def _set_clock(self) -> _Fault:
        def step(hours: float) -> Callable[[], None]:
            def change() -> None:
                self._clock_step += timedelta(hours=hours)

            return change

        return _Fault(
            "clock set by an hour",
            step(1),
            step(-1),
            lambda since: self._log_event(since, "the wall clock went"),
            lambda ended: self.reader.since(ended) > 2,
        )

    def _no_memory(self) -> _Fault:
        def fail(failing: bool) -> Callable[[], None]:
            def change() -> None:
                self.engines.failing = failing

            return change

        return _Fault(
            "engine out of memory",
            fail(True),
            fail(False),
            lambda since: self.heard.when(since, "engine", "out of memory"),
            lambda ended: self.reader.since(ended) > 2,
        )

    def _hanging_reader(self) -> _Fault:
        before = [0]

        def begin() -> None:
            before[0] = self._given_up("hangs.sock")
            self._hanging = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._hanging.bind(str(self._folder / "hangs.sock"))

        def seen(since: float) -> float | None:
            grown = self._given_up("hangs.sock") > before[0] + RATE_HZ / 2
            return time.perf_counter() - since if grown else None

        def end() -> None:
            if self._hanging is not None:
                self._hanging.close()

        return _Fault(
            "reader hangs",
            begin,
            end,
            _once(seen),
            lambda ended: self.reader.since(ended) > 2,
            lambda: f"{self._given_up('hangs.sock') - before[0]} of its own messages",
        )

    def _given_up(self, name: str = "decisions.jsonl") -> int:
        """Messages that did not leave by an outlet."""
        return sum(n for outlet, n in self.service.given_up.items() if outlet.endswith(name))

    def _log_trouble(self) -> str:
        log = self.service.status.log
        return log.trouble if log else ""

    def _log_lost(self) -> int:
        log = self.service.status.log
        return log.lost if log else 0

    def _log_event(self, since: float, *words: str) -> float | None:
        """Seconds after a moment at which the log itself noted something."""
        now, up = time.perf_counter(), time.monotonic()
        for stamp, event in self.service.log_events:
            moment = now - (up - stamp.up_s)
            if moment >= since and any(word in event.text for word in words):
                return moment - since
        return None

    def _utc(self) -> datetime:
        return datetime.now(timezone.utc) + self._clock_step

    @staticmethod
    def _until(true: Callable[[], bool], seconds: float) -> bool:
        end = time.perf_counter() + seconds
        while not true():
            if time.perf_counter() > end:
                return False
            time.sleep(0.01)
        return True


def _once(seen: Callable[[float], float | None]) -> Callable[[float], float | None]:
    """Keeps the first answer."""
    answer: list[float] = []

    def first(since: float) -> float | None:
        if not answer and (found := seen(since)) is not None:
            answer.append(found)
        return answer[0] if answer else None

    return first
