"""The choice of an engine: in a fixed order, the reason said, and never a frame lost over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from belisha.bundle import Bundle
from belisha.engines import (
    KINDS,
    Engine,
    EngineBuild,
    EngineInfo,
    EngineKind,
    check_threads,
    find_kind,
)
from belisha.engines.switching import SwitchingEngine
from belisha.errors import (
    BelishaError,
    EngineAbsentError,
    EngineError,
    EngineNotBuiltError,
)

Proof = Callable[[Engine], str]
"""Says why an engine must not be used though it loads; nothing if it may."""


@dataclass(frozen=True)
class OpenedEngine:
    """An engine, and the ones that were tried before it.

    Attributes:
        engine: the loaded engine.
        passed_over: (name, reason) of each preferred engine that this machine might have been
            expected to use and could not. That a machine has no GPU is no news.
    """

    engine: Engine
    passed_over: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class EngineReport:
    """Whether an engine can be used here.

    Attributes:
        name: of the engine.
        info: what it is; nothing if it cannot be used.
        reason: why it cannot.
        absent: whether the machine merely lacks what it is made for.
    """

    name: str
    info: EngineInfo | None
    reason: str = ""
    absent: bool = False


def open_engine(
    bundle: Bundle,
    name: str | None = None,
    threads: int | None = None,
    *,
    may_build: bool = False,
    prove: Proof = lambda engine: "",
    kinds: Sequence[EngineKind] = KINDS,
) -> OpenedEngine:
    """Load a bundle's model with the first engine that can.

    Without a name, the engine that comes back changes itself: to a better one that was built in
    the meantime, and to a lesser one when it fails.

    Args:
        bundle: the verified bundle.
        name: of the one engine to use; without it all are tried in order.
        threads: CPU threads; as many as the engine likes if absent.
        may_build: whether a preferred engine may be built in the background, which takes minutes.
        prove: judges every engine that was chosen, but for the last kind, by which it judges.
        kinds: the engines, the preferred first.

    Raises:
        UsageError: there is no engine of that name.
        EngineError: no engine could load the model; the message lists every reason.
    """
    check_threads(threads)
    if name is not None:
        return OpenedEngine(find_kind(name, kinds).load(bundle, threads), ())
    return _Choice(bundle, threads, may_build, prove, kinds).open()


def survey(
    bundle: Bundle, threads: int | None = None, kinds: Sequence[EngineKind] = KINDS
) -> tuple[EngineReport, ...]:
    """Try each engine on its own: which can be used here, and why not the others."""
    return tuple(_report(kind, bundle, threads) for kind in kinds)


def _report(kind: EngineKind, bundle: Bundle, threads: int | None) -> EngineReport:
    try:
        engine = kind.load(bundle, threads)
    except BelishaError as error:
        return EngineReport(kind.name, None, str(error), isinstance(error, EngineAbsentError))
    info = engine.info
    engine.close()
    return EngineReport(kind.name, info)


class _Choice:
    """One walk down the order."""

    def __init__(
        self,
        bundle: Bundle,
        threads: int | None,
        may_build: bool,
        prove: Proof,
        kinds: Sequence[EngineKind],
    ) -> None:
        self._bundle, self._threads, self._prove = bundle, threads, prove
        self._kinds, self._last = list(kinds), kinds[-1]
        self._may_build = may_build
        self._build: tuple[str, EngineBuild] | None = None
        self._passed_over: list[tuple[str, str]] = []
        self._reasons: list[str] = []

    def open(self) -> OpenedEngine:
        kind, engine = self._next()
        self._may_build = False
        if kind is self._last and self._build is None:
            return OpenedEngine(engine, tuple(self._passed_over))
        build_name, build = self._build or ("", None)
        switching = SwitchingEngine(
            engine,
            spare=lambda: self._next()[1] if self._kinds else None,
            build=build,
            build_name=build_name,
            prove=self._prove,
        )
        return OpenedEngine(switching, tuple(self._passed_over))

    def _next(self) -> tuple[EngineKind, Engine]:
        """The next kind that can be used."""
        while self._kinds:
            kind = self._kinds.pop(0)
            try:
                engine = kind.load(self._bundle, self._threads)
                return kind, self._proven(kind, engine)
            except EngineNotBuiltError as error:
                self._plan_build(kind, error)
            except EngineAbsentError as error:
                self._reasons.append(f"{kind.name}: {error}")
            except BelishaError as error:
                if not self._passed_over and kind is self._last:
                    raise
                self._pass_over(kind.name, str(error))
        raise EngineError(
            f"{self._bundle.path}: no engine could load it: {'; '.join(self._reasons)}"
        )

    def _proven(self, kind: EngineKind, engine: Engine) -> Engine:
        refusal = "" if kind is self._last else self._prove(engine)
        if refusal:
            engine.close()
            raise EngineError(refusal)
        return engine

    def _plan_build(self, kind: EngineKind, error: EngineNotBuiltError) -> None:
        """Build it later, if that is allowed and nothing better is being built."""
        if not self._may_build or self._build is not None:
            advice = f"'belisha engine build {self._bundle.path}' builds it"
            self._pass_over(kind.name, f"not built yet ({error}): {advice}")
            return
        try:
            self._build = (kind.name, kind.build(self._bundle, self._threads))
        except BelishaError as failure:
            self._pass_over(kind.name, str(failure))
            return
        self._pass_over(kind.name, f"not built yet ({error}): being built in the background")

    def _pass_over(self, name: str, reason: str) -> None:
        self._passed_over.append((name, reason))
        self._reasons.append(f"{name}: {reason}")
