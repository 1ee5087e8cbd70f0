"""Choose images and write them as pre-labelled tasks for CVAT and Label Studio.

Examples:
  python -m training data tasks --annotators ada ben cem --out panel/
  python -m training data tasks --by disagreement --bundle small.bundle --annotators a b c --out p/
  python -m training data tasks --by random --where light=night --annotators a b c --out p/

--by holes takes what is rare first, disagreement where the detector is unsure or differs from what
is annotated, random anything. Each annotator gets a folder with annotations.xml (CVAT, 'for images
1.1') and tasks.json (Label Studio); the pictures lie in images/ once. Pre-labels are the detector's
boxes with --bundle, else none: they save time, and they bias. The test split is left out.

Give everybody the same tasks, three people at least. Put what comes back, one XML a person or Label
Studio's JSON, into one folder and run 'data consensus'.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from belisha.boxes import Boxes
from belisha.cameras.picture import read_picture
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options, open_detector
from belisha.errors import DatasetError, FrameError
from training.commands.data.store_option import add_version_options, add_where_option
from training.data.records import Record
from training.data.split import TEST
from training.data.store import Store
from training.data.task_files import make_tasks, write_tasks
from training.data.tasks import UNSURE, choose
from training.data.version import Version


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    add_where_option(parser)
    add_detector_options(parser)
    parser.add_argument("--count", type=int, default=50, metavar="N", help="images (default: 50)")
    parser.add_argument(
        "--by",
        choices=["holes", "disagreement", "random"],
        default="holes",
        help="(default: holes)",
    )
    parser.add_argument(
        "--annotators", nargs="+", required=True, metavar="NAME", help="who gets the tasks"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the tasks")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(default: 0)")
    parser.add_argument(
        "--pool",
        type=int,
        default=1000,
        metavar="N",
        help="images that the detector looks at for disagreement (default: 1000)",
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Choose, draft, write."""
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        splits = version.splits()
        records = [
            record
            for record in version.records(arguments.where)
            if splits.get(record.sha256) != TEST
        ]
        if not records:
            raise DatasetError(f"no image of version {version.name} outside of test is left")
        by, count, seed = arguments.by, arguments.count, arguments.seed
        found: dict[str, Boxes] | None = None
        if by == "disagreement":
            records = list(choose(records, arguments.pool, "random", seed=seed))
            found = _detect(arguments, version, records) if arguments.bundle else None
        chosen = choose(records, count, by, detections=found, seed=seed)
        if arguments.bundle and found is None:
            found = _detect(arguments, version, chosen)
        drafts = {key: boxes[boxes.scores >= UNSURE[1]] for key, boxes in (found or {}).items()}
        tasks = make_tasks(chosen, drafts)
        write_tasks(arguments.out, tasks, arguments.annotators, version.image_path)
    print(f"{len(tasks)} images for {len(arguments.annotators)} annotators in {arguments.out}")
    return Outcome({"images": [task.file for task in tasks], "out": str(arguments.out)})


def _detect(
    arguments: argparse.Namespace, version: Version, records: Sequence[Record]
) -> dict[str, Boxes]:
    """What the detector finds on each image."""
    arguments.threshold = UNSURE[0]
    found = {}
    with open_detector(arguments) as detector:
        for record in tqdm(records, desc="detect", unit="image", leave=False, disable=None):
            try:
                found[record.sha256] = detector(read_picture(version.image_path(record.sha256)))
            except FrameError as error:
                raise DatasetError(f"{record.name}: {error}") from error
    return found
