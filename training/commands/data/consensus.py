"""One truth of several annotators' answers, how well they agree, and the human line.

Examples:
  python -m training data consensus panel/answers --format cvat --out panel/agreed
  python -m training data consensus answers.json --format label_studio --images im --out agreed
  python -m training data consensus panel/answers --weigh --out panel/agreed

A person is who more than half of those who looked have marked (--quorum says how many instead);
the box is the median. With --weigh annotators are judged by how often they find and invent people
(Dawid and Skene) and how well they draw, and the better ones count more. Where exactly half see
somebody, the box is don't care.

Writes OUT/annotations.json (COCO) with OUT/images, OUT/agreement.json (agreement, annotators, what
to adjudicate) and OUT/humans.json: each annotator against the consensus of the others, which
'evaluate --humans' puts a model beside.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from belisha.errors import DatasetError
from training.data.agreement import Agreement, agreement, disputes
from training.data.annotator_quality import Quality, weigh
from training.data.formats import open_reader
from training.data.formats.reading import Draft, Options
from training.data.human_line import HumanLine, HumanResult, Rate, human_line, write_human_line
from training.data.panel import answers_of, consensus, truth
from training.data.records import Record
from training.data.task_files import link_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("answers", type=Path, metavar="ANSWERS", help="folder or file")
    parser.add_argument(
        "--format", choices=["cvat", "label_studio"], default="cvat", help="(default: cvat)"
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="of the tasks")
    parser.add_argument("--quorum", type=int, metavar="N", help="votes that make a person")
    parser.add_argument("--weigh", action="store_true", help="let better annotators count more")
    parser.add_argument(
        "--origin", default="a panel of people", metavar="TEXT", help="who they were"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="what is written")


def run(arguments: argparse.Namespace) -> Outcome:
    """Read, agree, measure, write."""
    drafts = read_drafts(arguments.answers, arguments.format, arguments.images)
    answers = tuple(answers_of(draft.record) for draft in drafts)
    agreed = tuple(consensus(one, arguments.quorum) for one in answers)
    weighed, qualities = weigh(agreed)
    chosen = weighed if arguments.weigh else agreed
    how_well, queue = agreement(agreed), disputes(chosen)
    line = human_line(answers, arguments.origin)
    document = {
        "images": len(answers),
        "people": sum(len(one.people) for one in chosen),
        "agreement": agreement_document(how_well),
        "annotators": [asdict(quality) for quality in qualities],
        "adjudicate": [asdict(item) for item in queue],
        "humans": asdict(line),
    }
    print(describe(how_well, qualities, line))
    print(f"{len(queue)} boxes to adjudicate: see {arguments.out / 'agreement.json'}")
    try:
        records = [truth(one) for one in chosen]
        write_whole(arguments.out / "annotations.json", _json(as_coco(records)))
        write_whole(arguments.out / "agreement.json", _json(document))
        write_human_line(arguments.out / "humans.json", line)
        for draft in drafts:
            target = arguments.out / "images" / draft.record.name
            target.parent.mkdir(parents=True, exist_ok=True)
            link_file(draft.path, target)
    except OSError as error:
        raise DatasetError(f"{arguments.out}: cannot be written: {error.strerror}") from error
    return Outcome(document)


def read_drafts(path: Path, form: str, images: Path | None) -> tuple[Draft, ...]:
    """Images with the answers of a panel; images without several annotators are an error.

    Raises:
        DatasetError: they cannot be read, or nobody's name is on them.
    """
    reading = open_reader(form)(path, Options(images=images))
    records = [draft.record for draft in reading.drafts]
    single = [record.name for record in records if len(record.annotators) < 2]
    if single or not records:
        example = single[0] if single else "no image at all"
        raise DatasetError(
            f"{path}: expected answers of at least two annotators an image, got fewer for "
            f"{len(single)} images ({example}): with CVAT, one XML file each in one folder"
        )
    return reading.drafts


def as_coco(records: Sequence[Record]) -> dict[str, Any]:
    """The agreed truth as COCO, for 'data ingest' and 'evaluate'."""
    images = [
        {"id": index, "file_name": record.name, "width": record.width, "height": record.height}
        for index, record in enumerate(records, 1)
    ]
    annotations: list[dict[str, Any]] = []
    for index, record in enumerate(records, 1):
        for item in record.annotations:
            left, top, right, bottom = item.xyxy
            bbox = [left, top, round(right - left, 2), round(bottom - top, 2)]
            ignore = int(item.kind == "dont_care")
            entry = {"image_id": index, "category_id": 1, "bbox": bbox, "area": bbox[2] * bbox[3]}
            annotations.append(
                {"id": len(annotations) + 1, **entry, "iscrowd": 0, "ignore": ignore}
            )
    categories = [{"id": 1, "name": "person"}]
    return {"images": images, "annotations": annotations, "categories": categories}


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=1, allow_nan=False).encode() + b"\n"


def agreement_document(found: Agreement) -> dict[str, Any]:
    """Agreement as JSON."""
    points = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
    return {
        "krippendorff_alpha": found.alpha,
        "candidates": found.candidates,
        "unanimous": found.unanimous,
        "iou": {
            name: float(np.quantile(found.overlaps, share)) if len(found.overlaps) else None
            for name, share in points.items()
        },
    }


def describe(found: Agreement, qualities: Sequence[Quality], line: HumanLine) -> str:
    """What people read."""
    alpha = "-" if found.alpha is None else f"{found.alpha:.3f}"
    overlap = f"{np.median(found.overlaps):.2f}" if len(found.overlaps) else "-"
    lines = [
        f"{line.origin}: {len(line.names)} images, Krippendorff's alpha {alpha} on "
        f"{found.candidates} candidates ({found.unanimous} unanimous), median IoU {overlap}",
        "",
        f"{'annotator':20}{'finds':>8}{'invents':>9}{'spread':>8}"
        f"{'miss rate':>24}{'FP/image':>24}{'F1':>24}",
    ]
    results = {result.annotator: result for result in line.annotators}
    for quality in qualities:
        known = f"{quality.finds:8.2f}{quality.invents:9.2f}{quality.spread:8.3f}"
        lines.append(f"{quality.annotator:20}{known}{_rates(results.get(quality.annotator))}")
    lines.append(f"{'everybody':20}{'':25}{_rates(line.all)}")
    return "\n".join(lines)


def _rates(result: HumanResult | None) -> str:
    if result is None:
        return ""
    rates = (result.miss_rate, result.false_positives_per_image, result.f1)
    return "".join(f"{rate_words(rate):>24}" for rate in rates)


def rate_words(rate: Rate) -> str:
    """0.12 [0.08, 0.17]."""
    if rate.value is None or rate.low is None or rate.high is None:
        return "-" if rate.value is None else f"{rate.value:.3f}"
    return f"{rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}]"
