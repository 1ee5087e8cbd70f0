"""What the virtual Jetson's trials found: a table, a verdict each, and all of it as JSON.

Examples:
  python -m jetson trials build/jetson/virtual/trials
  python -m jetson trials build/jetson/virtual/trials --tiers a b --out result.json

`jetson/virtual/run.sh` leaves a file a trial, and calls this at its end. A tier that could not be
tried stands there with its reason. The exit code is 1 if a trial failed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.documents import read_bounded
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, UsageError

MAX_BYTES = 64 * 1024
VERDICTS = ("passed", "failed", "skipped")


@dataclass(frozen=True)
class Trial:
    """What one trial found.

    Attributes:
        name: of its file; it begins with its tier.
        words: what was tried.
        verdict: of `VERDICTS`.
        seconds: that it took; `None` of a tier that was not tried.
        load: of the machine at its end, over the last minute: others make it slow.
        notes: what was measured or said.
    """

    name: str
    words: str
    verdict: str
    seconds: float | None = None
    load: float | None = None
    notes: dict[str, str] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where run.sh leaves its verdicts")
    parser.add_argument(
        "--tiers", nargs="+", default=["a", "b", "c"], metavar="TIER", help="default: a b c"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write all of it")


def run(arguments: argparse.Namespace) -> Outcome:
    """Read the verdicts, print the table."""
    trials = [trial for tier in arguments.tiers for trial in read_tier(arguments.folder, tier)]
    if not trials:
        raise UsageError(f"{arguments.folder}: no verdicts yet: make virtual-jetson")
    for trial in trials:
        _print(trial)
    count = {one: sum(trial.verdict == one for trial in trials) for one in VERDICTS}
    print(", ".join(f"{number} {verdict}" for verdict, number in count.items()))
    document = {"count": count, "trials": [dataclasses.asdict(trial) for trial in trials]}
    if arguments.out:
        write_whole(arguments.out, json.dumps(document, indent=1).encode() + b"\n")
    return Outcome(document, EXIT_SOME_FAILED if count["failed"] else EXIT_OK)


def read_tier(folder: Path, tier: str) -> list[Trial]:
    """The trials of one tier, in the order in which they ended.

    Raises:
        UsageError: a file holds something else.
    """
    paths = [path for path in folder.glob(f"{tier}-*") if path.suffix != ".log"]
    paths.sort(key=lambda path: path.stat().st_mtime_ns)
    whole = folder / tier  # is there if the tier could not be tried, or not to its end
    return [read_trial(path) for path in (*paths, *([whole] if whole.exists() else []))]


def read_trial(path: Path) -> Trial:
    """One verdict.

    Raises:
        UsageError: the file holds something else.
    """
    values, notes = {}, {}
    for line in read_bounded(path, MAX_BYTES).decode(errors="replace").splitlines():
        key, *rest = line.split("\t")
        if key == "note" and len(rest) == 2:
            notes[rest[0]] = rest[1]
        else:
            values[key] = "".join(rest[:1])
    verdicts = [verdict for verdict in VERDICTS if verdict in values]
    try:
        (verdict,) = verdicts
        return Trial(
            name=path.name, words=values["words"], verdict=verdict,
            seconds=_number(values.get("seconds")), load=_number(values.get("load")), notes=notes,
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise UsageError(f"{path}: expected a trial's verdict, as run.sh leaves it") from error


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _print(trial: Trial) -> None:
    seconds = "" if trial.seconds is None else f"{trial.seconds:7.1f} s"
    load = "" if trial.load is None else f"  load {trial.load:g}"
    print(f"{trial.verdict:8}{seconds:>10}  {trial.words}{load}")
    for name, value in trial.notes.items():
        print(f"{'':20}{name}: {value}")
