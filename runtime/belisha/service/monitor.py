"""Looks after the service once a second: log, health, signals, state, and what is wrong now."""

from __future__ import annotations

import platform
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import belisha
from belisha.cameras import Camera, Frame
from belisha.service.activity import ActivityLog
from belisha.service.car_signals import CarSignals
from belisha.service.engine_watch import EngineWatch, engine_words, fallbacks
from belisha.service.health import HealthState
from belisha.service.health_degrade import Degrade
from belisha.service.ledger import Ledger
from belisha.service.newest_frame import LiveCamera
from belisha.service.outlets.sink import Outlets
from belisha.service.results import Result
from belisha.service.status import Alarm, Counts, InForce, Status
from belisha.service.steering import Steering
from belisha.service.tally import Tally, shown
from belisha.service.telling import Say

EVERY_S = 1.0
_MISSED_OVER = 10
"""Seconds over which the share of missed deadlines is taken."""


class Monitor:
    """What looks after a running service. It is a sink as well, to see a frame now and then.

    Args:
        name: of the device.
        ledger: of the loop.
        health: gives the latest look at the machine.
        log: gets a summary a second, if one is kept.
        say: gets sentences.
        clock: seconds by which it works; nobody sets it.

    Attributes:
        steering, signals, degrade, outlets, camera: in use now; replaced at a reload.
    """

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        health: Callable[[], HealthState],
        log: ActivityLog | None,
        say: Say,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._ledger, self._health = name, ledger, health
        self._log, self._say = log, say
        self._tally = Tally(ledger)
        self._clock = clock
        self._begun_s = self._due_s = clock()
        self._missed: deque[tuple[int, int]] = deque(maxlen=_MISSED_OVER)
        self._since: dict[str, float] = {}
        self._frame: Frame | None = None
        self._engines = EngineWatch(say)
        self.steering: Steering
        self.signals: CarSignals
        self.degrade: Degrade
        self.outlets: Outlets
        self.camera: Camera

    def begin(self) -> None:
        """What is loaded now was asked for; called again at a reload."""
        self._engines.begin(self.steering.models.infos)

    def write(self, result: Result) -> None:
        """See `Sink.write`."""
        self._frame = result.frame

    def close(self) -> None:
        """See `Sink.close`; the last second is written."""
        if self._log is not None:
            second = self._tally.second(self.camera, self.steering.choice, self._health())
            if second.captured or second.processed or second.dropped or second.failed:
                self._log.add_second(second)

    def turned(self) -> bool:
        """After each turn of the loop; whether a second was over."""
        now = self._clock()
        if now < self._due_s:
            return False
        self._due_s = max(self._due_s + EVERY_S, now)
        health = self._health()
        second = self._tally.second(self.camera, self.steering.choice, health)
        if self._log is not None:
            self._log.add_second(second)
        self._missed.append((second.missed, second.processed))
        self._note_alarms(now)
        self._follow(health, now)
        self._engines.look(self.steering.models.infos, now - self._begun_s)
        self._tell()
        return True

    @property
    def words(self) -> str:
        """A line about how it goes."""
        alarms = self._alarms()
        if alarms:
            return alarms[0].text
        choice = self.steering.choice
        decided = self._missed[-1][1] if self._missed else 0
        return f"{choice.name if choice else 'nothing'} decides, {decided} frames a second"

    @property
    def counts(self) -> Counts:
        """Frames since the start; may be asked from any thread."""
        return self._tally.counts(self.camera)

    def status(self) -> Status:
        """The service at this moment; may be called from any thread."""
        choice, ledger = self.steering.choice, self._ledger
        camera = self.camera
        state = camera.state if isinstance(camera, LiveCamera) else None
        detector = choice.detector if choice else None
        info = detector.info if detector else None
        in_force = InForce()
        if choice is not None and info is not None:
            in_force = InForce(
                bundle=choice.name,
                digest=info.digest,
                engine=engine_words(info),
                passed_over=fallbacks(info),
                rule=choice.rule,
                reason=choice.reason,
                threshold=choice.threshold,
                pinned=choice.pinned,
            )
        return Status(
            name=self._name,
            up_s=self._clock() - self._begun_s,
            camera=state.words if state else "recording",
            frame_age_s=state.silent_s if state else float("nan"),
            counts=self.counts,
            latency=shown(ledger.latency),
            stages={stage: shown(times) for stage, times in ledger.stages.items()},
            in_force=in_force,
            engines=self._engines.history,
            bundles=self.steering.models.names,
            rules=self.steering.words,
            alarms=self._alarms(),
            health=self._health(),
            degradation=self.steering.degradation,
            log=self._log.state if self._log else None,
            versions={
                "belisha": belisha.__version__,
                "python": platform.python_version(),
                **({"engine": info.engine.library, "model": info.name} if info else {}),
            },
        )

    def _follow(self, health: HealthState, now: float) -> None:
        """Let health and signals act on what is chosen."""
        degradation = self.degrade.update(health, now, missed_share=self._missed_share())
        for text in degradation.said:
            self._say("degrade", text, "warning")
        self.steering.degradation = degradation
        if self._frame is not None:
            self.signals.look(self._frame.image_bgr)
        signals = self.signals.gather(health, self._missed_share())
        if signals != self.steering.signals:
            self.steering.signals = signals

    def _missed_share(self) -> float:
        processed = sum(count for _, count in self._missed)
        return sum(missed for missed, _ in self._missed) / processed if processed else float("nan")

    def _tell(self) -> None:
        """The state of the service, for readers of decisions."""
        alarms = self._alarms()
        choice = self.steering.choice
        state: dict[str, Any] = {
            "up_s": round(self._clock() - self._begun_s, 1),
            "camera": self.camera.state.trouble if isinstance(self.camera, LiveCamera) else "",
            "engine": engine_words(choice.detector.info) if choice else "",
            "engine_switches": self._engines.history.switches,
            **asdict(self.counts),
            "alarms": [{"level": one.level, "text": one.text} for one in alarms],
            "given_up": self.outlets.dropped,
        }
        self.outlets.tell_state(state, trouble=bool(state["camera"]))

    def _alarms(self) -> tuple[Alarm, ...]:
        """What is wrong now, the worst first."""
        now, since = self._clock(), self._since
        return tuple(
            Alarm(level, text, now - since.get(text, now)) for level, text in self._wrong()
        )

    def _note_alarms(self, now: float) -> None:
        """Since when each is wrong; the loop's thread alone keeps that."""
        self._since = {text: self._since.get(text, now) for _, text in self._wrong()}

    def _wrong(self) -> list[tuple[str, str]]:
        """Levels and sentences, the worst first."""
        wrong: list[tuple[str, str]] = []
        camera = self.camera
        if isinstance(camera, LiveCamera) and camera.state.trouble:
            wrong.append(("alarm", f"{camera.state.words}: {camera.state.trouble}"))
        wrong += [("alarm", f"{name} is broken") for name in self.steering.models.broken]
        if self._log is not None and self._log.state.trouble:
            wrong.append(("warning", f"activity log: {self._log.state.trouble}"))
        choice = self.steering.choice
        for text in fallbacks(choice.detector.info) if choice else ():
            wrong.append(("warning", f"fallback: {text}"))
        wrong += [("warning", f"less is done: {one}") for one in self.steering.degradation.active]
        return wrong
