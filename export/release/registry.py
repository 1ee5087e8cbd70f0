"""The registry: bundles by content, and a history that only grows of who became champion and why.

REGISTRY/bundles/DIGEST.bundle   each bundle once, under its own digest
REGISTRY/registry.jsonl          what happened, a line each: `training.chained_log`

What is the champion and what aliases mean follows from the history alone. A bundle is copied whole
before its line is written, so a crash between the two leaves a file that nobody names; the same
command then goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from belisha.bundle import Bundle, write_whole
from belisha.errors import BundleError, DatasetError, UsageError
from training.chained_log import ChainedLog, Link, head_of, now
from training.revision import commit

Kind = Literal["registered", "named", "promoted", "rolled back"]
CHAMPION = "champion"
_LEAST_PREFIX = 6
"""Letters of a digest that are enough to name a bundle by."""


@dataclass(frozen=True, kw_only=True)
class Event(Link):
    """A line of the history.

    Attributes:
        kind: what happened.
        bundle: digest of the bundle that it is about.
        name: of the model.
        alias: that points to the bundle from now on; empty for none.
        before: digest of the champion until then, of `promoted` and `rolled back`.
        who, reason: of a person; a registration may have none.
        commit: of the code.
        evidence: of a promotion: what was compared and measured.
    """

    kind: Kind
    bundle: str
    name: str
    alias: str = ""
    before: str = ""
    who: str = ""
    reason: str = ""
    commit: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What the history amounts to.

    Attributes:
        names: digest -> name of the model, of every bundle; the oldest first.
        aliases: alias -> digest; `champion` is one of them.
        reign: digests of the champions, the first one first, the present one last.
    """

    names: Mapping[str, str]
    aliases: Mapping[str, str]
    reign: tuple[str, ...]

    @property
    def champion(self) -> str | None:
        """Digest of the champion; nothing before the first."""
        return self.reign[-1] if self.reign else None


class Registry:
    """A registry in a folder; it is made when something is registered.

    Args:
        folder: of the registry.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = ChainedLog(
            folder, "registry", Event, "who became champion and why cannot be trusted: restore it"
        )

    def history(self) -> tuple[Event, ...]:
        """All that happened, the oldest first.

        Raises:
            DatasetError: the history was tampered with.
        """
        return self._log.entries()

    def state(self) -> State:
        """What is there, and who is champion."""
        return _state(self.history())

    def register(self, path: Path, alias: str = "", who: str = "", reason: str = "") -> Bundle:
        """Take a bundle in; one that is there already only gets the alias.

        Raises:
            BundleError: the bundle is refused.
            UsageError: the alias cannot be one.
            DatasetError: the registry cannot be written.
        """
        _check_alias(alias)
        bundle = Bundle.open(path)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            kept = self._keep(bundle)
        except OSError as error:
            raise DatasetError(f"{self.folder}: cannot be written: {error.strerror}") from error
        with self._log.appending() as entries:
            state = _state(entries)
            known = bundle.digest in state.names
            if known and (not alias or state.aliases.get(alias) == bundle.digest):
                return kept
            kind: Kind = "named" if known else "registered"
            event = _event(entries, kind, bundle, alias=alias, who=who, reason=reason)
            self._log.append(entries, event)
        return kept

    def find(self, name: str) -> Bundle:
        """The bundle of an alias, of the beginning of a digest, or of a file.

        Raises:
            UsageError: nothing is called so, or more than one.
            BundleError: its file is not what was registered.
        """
        state = self.state()
        if name in state.aliases:
            return self.bundle(state.aliases[name])
        if Path(name).is_file():
            return Bundle.open(name)
        found = [digest for digest in state.names if digest.startswith(name.lower())]
        if len(name) >= _LEAST_PREFIX and len(found) == 1:
            return self.bundle(found[0])
        known = ", ".join([*state.aliases, *(digest[:12] for digest in state.names)])
        raise UsageError(
            f"{name}: expected a bundle's file, an alias, or at least {_LEAST_PREFIX} letters of "
            f"one digest in {self.folder}; known: {known or 'none'}"
        )

    def bundle(self, digest: str) -> Bundle:
        """A registered bundle, verified.

        Raises:
            BundleError: its file is absent, damaged, or another one.
        """
        path = self._path(digest)
        bundle = Bundle.open(path)
        if bundle.digest != digest:
            raise BundleError(
                f"{path}: expected the bundle {digest[:12]}, got {bundle.digest[:12]}: the "
                "registry was tampered with; register the bundle again"
            )
        return bundle

    def promote(
        self,
        bundle: Bundle,
        who: str,
        reason: str,
        evidence: dict[str, Any],
        against: str | None,
    ) -> Event:
        """Make a registered bundle the champion. Whether it deserves it, `promotion` decides.

        Args:
            bundle: the challenger.
            who: decides.
            reason: why.
            evidence: what was compared and measured.
            against: digest of the champion that it was compared with; nothing for the first.

        Raises:
            UsageError: nobody's name, no reason, it is not registered, it is champion already, or
                another one has become champion since the comparison.
        """
        check_answer(who, reason)
        with self._log.appending() as entries:
            state = _state(entries)
            if bundle.digest not in state.names:
                raise UsageError(f"{bundle.path}: not in {self.folder}: register it first")
            if state.champion == bundle.digest:
                raise UsageError(f"{bundle.manifest.name} {bundle.digest[:12]} is the champion")
            if state.champion != against:
                raise UsageError(
                    f"{self.folder}: expected {(against or 'nobody')[:12]} as champion, got "
                    f"{(state.champion or 'nobody')[:12]}: it changed meanwhile; compare again"
                )
            event = _event(
                entries,
                "promoted",
                bundle,
                alias=CHAMPION,
                before=state.champion or "",
                who=who,
                reason=reason,
                evidence=evidence,
            )
            self._log.append(entries, event)
        return event

    def roll_back(self, who: str, reason: str) -> Event:
        """Give the champion before the present one its place back.

        Raises:
            UsageError: nobody's name, no reason, or there was no other champion.
            BundleError: the former champion's file is not what it was; nothing changes.
        """
        check_answer(who, reason)
        if len(self.state().reign) < 2:
            raise UsageError(f"{self.folder}: there is no champion before the present one")
        with self._log.appending() as entries:
            state = _state(entries)
            former = self.bundle(state.reign[-2])
            event = _event(
                entries,
                "rolled back",
                former,
                alias=CHAMPION,
                before=state.reign[-1],
                who=who,
                reason=reason,
            )
            self._log.append(entries, event)
        return event

    def _keep(self, bundle: Bundle) -> Bundle:
        """The bundle under its digest, copied if it is not there whole."""
        path = self._path(bundle.digest)
        try:
            return self.bundle(bundle.digest)
        except BundleError:
            write_whole(path, bundle.path.read_bytes())
        return self.bundle(bundle.digest)

    def _path(self, digest: str) -> Path:
        return self.folder / "bundles" / f"{digest}.bundle"


def lineage_of(bundle: Bundle) -> dict[str, Any]:
    """What a bundle says of where it comes from; adopted models say less."""
    manifest = bundle.manifest
    record = json.loads(bundle.read(manifest.lineage)) if manifest.lineage else {}
    return {
        "origin": manifest.origin,
        "parity": str(manifest.parity) if manifest.parity else "not compared",
        "forced": bool(manifest.parity and not manifest.parity.passed),
        "compiler": manifest.compiler,
        "data": dict(manifest.data_fingerprints),
        "evaluation": manifest.evaluation,
        "record": record,
    }


def _state(entries: tuple[Event, ...]) -> State:
    names: dict[str, str] = {}
    aliases: dict[str, str] = {}
    reign: list[str] = []
    for entry in entries:
        names.setdefault(entry.bundle, entry.name)
        if entry.alias:
            aliases[entry.alias] = entry.bundle
        if entry.kind == "promoted":
            reign.append(entry.bundle)
        elif entry.kind == "rolled back":
            reign.pop()
    return State(names, aliases, tuple(reign))


def _event(
    entries: tuple[Event, ...],
    kind: Kind,
    bundle: Bundle,
    **fields: Any,
) -> Event:
    return Event(
        previous=head_of(entries),
        time=now(),
        kind=kind,
        bundle=bundle.digest,
        name=bundle.manifest.name,
        commit=commit(),
        **fields,
    )


def _check_alias(alias: str) -> None:
    if alias == CHAMPION:
        raise UsageError(f"{CHAMPION} is no alias to give: 'python -m export promote' does it")
    if alias and not alias.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"expected an alias of letters, digits, - and _; got {alias!r}")


def check_answer(who: str, reason: str) -> None:
    """A change of the champion has a name and a reason.

    Raises:
        UsageError: one is missing.
    """
    for option, text in (("who", who), ("reason", reason)):
        if not (text.strip() and text.isprintable()):
            raise UsageError(
                f"expected --{option} as one line of text, got {text!r}: it stays in the history"
            )
