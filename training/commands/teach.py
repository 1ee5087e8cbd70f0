r"""Ask public detectors about many views of the training pictures, and keep their answers.

Once, before a network of one's own is trained:

    python -m training teach training/configs/small.yaml \
        --teachers ../shared/peers/picodet_s_416_coco.onnx ../shared/peers/nanodet_m.onnx \
        --out runs/lessons

Pictures without boxes help too; nothing is asked about people on them but by the teachers:

    python -m training teach ... --pictures ../shared/data/unlabelled_incar/images

A configuration with `lessons: lessons` learns from them. Interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.cli.dispatch import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("config", metavar="CONFIG.yaml", type=Path, help="its `train` pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder of the lessons")
    parser.add_argument(
        "--teachers",
        type=Path,
        nargs="+",
        required=True,
        metavar="MODEL.onnx",
        help="NanoDet or PicoDet at 416x416, as published",
    )
    parser.add_argument(
        "--pictures", type=Path, nargs="*", default=[], metavar="DIR", help="without boxes"
    )
    parser.add_argument("--share", type=float, default=0.05, help="of the views, of each DIR (.05)")
    parser.add_argument("--views", type=int, default=24_000, help="how many (24000)")
    parser.add_argument("--threads", type=int, default=2, help="at work at once (2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder of the data sets, instead of the configuration's")


def run(arguments: argparse.Namespace) -> Outcome:
    """Make the lessons."""
    import hashlib

    import cv2

    from belisha.documents import read_yaml
    from training.config import Config, checked, read_sources
    from training.data.picture import read_folder
    from training.loader import load_pool
    from training.teaching.lessons import write_lessons
    from training.teaching.teachers import Teacher

    cv2.setNumThreads(0)
    config = checked(read_yaml(arguments.config, Config), str(arguments.config))
    sources = read_sources(config.train, arguments.data or config.data, cache=True)
    total = sum(share for _, share in sources)
    extra = [(read_folder(folder), arguments.share * total) for folder in arguments.pictures]
    pool = [*sources, *extra]
    prints = " ".join(f"{dataset.fingerprint} {share}" for dataset, share in pool)
    lessons = write_lessons(
        arguments.out,
        load_pool(pool),
        [Teacher(path) for path in arguments.teachers],
        pictures=hashlib.sha256(prints.encode()).hexdigest(),
        count=arguments.views,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    index = lessons.index
    print(f"{index.count} views, answered by {', '.join(index.teachers)}: {arguments.out}")
    return Outcome({"views": index.count, "teachers": list(index.teachers)})
