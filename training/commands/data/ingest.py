"""Take data sets into a store, as a new version of the data.

Examples:
  python -m training data ingest training/configs/data/shared.yaml
  python -m training data ingest my/coco --name street --licence CC-BY-4.0
  python -m training data ingest my/yolo --format yolo --name night --condition light=night
  python -m training data ingest answers.json --format label_studio --images frames --name panel
  python -m training data ingest my/voc --format voc --name rain --label biker=dont_care
  python -m training data ingest my/kitti --format kitti --pattern '^(?P<d>..)' --sequence '{d}'

A source is a YAML plan that names several (see training/configs/data), or one data set with
--format: citypersons, coco, cvat, eurocity, kitti, label_studio, voc, yolo. In --sequence, --time
and --condition, {name}, {stem}, {folder}, any field of the source and the groups of --pattern stand
for what is known of an image.

The new version holds what the latest one held and the sources named, which replace their earlier
selves. Images are hard-linked, not copied, where that is possible: do not edit them in place. What
was mapped, dropped, and became don't care is told, and kept with the version. Interrupted or
killed, the same command goes on; until its end there is no new version.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.documents import convert, read_yaml
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED, UsageError
from training.commands.data.store_option import add_store_option
from training.data.formats import NAMES
from training.data.ingest import Ingested, Intake, ingest
from training.data.plan import Plan, SourcePlan
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a plan, or one data set")
    add_store_option(parser)
    parser.add_argument("--data", metavar="DIR", help="folder of the plan's data sets")
    one = parser.add_argument_group("one data set")
    one.add_argument("--format", choices=NAMES, default="coco", help="(default: coco)")
    one.add_argument("--name", metavar="NAME", help="of the source (default: its folder's)")
    one.add_argument("--images", metavar="DIR", help="where the images are, if the format is mute")
    one.add_argument("--licence", default="{licence}", metavar="TEXT", help="of the images")
    one.add_argument(
        "--sequence",
        default="{sequence}",
        metavar="TEXT",
        help="drive or recording of an image (default: what the source says)",
    )
    one.add_argument("--time", default="{time}", metavar="TEXT", help="when it was taken")
    one.add_argument("--pattern", default="", metavar="REGEX", help="searched in image names")
    one.add_argument(
        "--condition",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=TEXT",
        help="of the scene, such as light=night or weather=rain",
    )
    one.add_argument(
        "--label",
        nargs="+",
        action="extend",
        default=[],
        metavar="LABEL=MEANING",
        help="what a label means: person, dont_care or drop",
    )
    one.add_argument(
        "--keep-annotators",
        action="store_true",
        help="even a single annotator's answers wait for a consensus",
    )
    version = parser.add_argument_group("the version")
    version.add_argument("--version", default="", metavar="NAME", help="(default: v1, v2, ...)")
    version.add_argument("--reason", default="", metavar="TEXT", help="why it is made")
    version.add_argument(
        "--fresh", action="store_true", help="carry nothing over from the latest version"
    )
    parser.add_argument(
        "--reread", action="store_true", help="look at images again even if they look unchanged"
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, metavar="N", help="(default: all cores)"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Read, place, commit, tell."""
    if arguments.threads < 1:
        raise UsageError(f"expected --threads of at least 1, got {arguments.threads}")
    plan = _plan(arguments)
    with Store.open(arguments.store, create=True) as store:
        versions = store.versions()
        ingested = ingest(
            store,
            plan,
            name=arguments.version,
            parent=versions[-1] if versions and not arguments.fresh else None,
            reason=arguments.reason,
            threads=arguments.threads,
            reread=arguments.reread,
        )
        print(_table(ingested))
    broken = sum(intake.broken for intake in ingested.intakes)
    document = {
        "version": {**asdict(ingested.version.description), "report": None},
        "is_new": ingested.is_new,
        "sources": [asdict(intake) for intake in ingested.intakes],
    }
    return Outcome(document, EXIT_SOME_FAILED if broken else EXIT_OK)


def _plan(arguments: argparse.Namespace) -> Plan:
    """The plan of the file, or one that the options make."""
    source: Path = arguments.source
    if source.suffix in (".yaml", ".yml"):
        plan = read_yaml(source, Plan)
        return replace(plan, data=arguments.data) if arguments.data else plan
    name = arguments.name or source.resolve().name
    options = {
        "name": source.resolve().parent.name if not arguments.name and source.is_file() else name,
        "path": str(source),
        "images": arguments.images or "",
        "conditions": _pairs(arguments.condition, "--condition"),
        "labels": _pairs(arguments.label, "--label"),
    }
    for key in ("format", "licence", "sequence", "time", "pattern", "keep_annotators"):
        options[key] = getattr(arguments, key)
    return Plan(sources=(convert(options, SourcePlan, "the options"),))


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`key=value` each."""
    pairs = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise UsageError(f"{option}: expected KEY=VALUE, got {text!r}")
        pairs[key] = value
    return pairs


def _table(ingested: Ingested) -> str:
    """What people read."""
    version = ingested.version.description
    state = "new" if ingested.is_new else "nothing changed"
    return "\n".join(
        [
            *(line for intake in ingested.intakes for line in describe(intake)),
            f"version {version.name} ({state}): {version.images} images, {version.people} people, "
            f"fingerprint {version.fingerprint[:12]}",
        ]
    )


def describe(intake: Intake) -> list[str]:
    """A source and its findings, a line each."""
    words = {"mapped": "mapped", "dropped": "dropped", "dont_care": "don't care"}
    head = (
        f"{intake.source}: {intake.images} images, {intake.people} people, "
        f"{intake.dont_care} don't care"
    )
    return [
        head + (f", {intake.broken} IMAGES BROKEN" if intake.broken else ""),
        *(
            f"  {words[found.action]:10} {found.count:7}  {found.what}  (first: {found.example})"
            for found in intake.findings
        ),
    ]
