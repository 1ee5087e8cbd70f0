r"""Let detectors look at enlarged parts of the training pictures for people whom nobody drew.

    python -m training find training/configs/champion.yaml --out runs/found.json \
        --bundles runs/peers/picodet_s_416_coco.bundle runs/peers/nanodet_m.bundle

The bundles are made by `python -m export adopt`. Only entries of `train` with `found` are looked
at; the file is the one that they name. It is written every minute, and the same command goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.cli.dispatch import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("config", metavar="CONFIG.yaml", type=Path, help="its `train` pictures")
    parser.add_argument("--out", type=Path, required=True, help="file of what they find")
    parser.add_argument(
        "--bundles", type=Path, nargs="+", required=True, metavar="BUNDLE", help="who looks"
    )
    parser.add_argument("--threads", type=int, default=2, help="of each detector (2)")
    parser.add_argument("--data", help="folder of the data sets, instead of the configuration's")


def run(arguments: argparse.Namespace) -> Outcome:
    """Look."""
    from contextlib import ExitStack
    from dataclasses import replace

    from belisha.detector import Detector
    from belisha.documents import read_yaml
    from training.config import Config, checked, read_sources
    from training.teaching.find import LEAST_SCORE, find
    from training.teaching.tiles import Ensemble

    config = checked(read_yaml(arguments.config, Config), str(arguments.config))
    sources = tuple(replace(source, found="") for source in config.train if source.found)
    datasets = [dataset for dataset, _ in read_sources(sources, arguments.data or config.data)]
    with ExitStack() as stack:
        detectors = [
            stack.enter_context(
                Detector.open(path, threads=arguments.threads, threshold=LEAST_SCORE / 5)
            )
            for path in arguments.bundles
        ]
        names = ", ".join(detector.info.name for detector in detectors)
        found = find(Ensemble(detectors), datasets, arguments.out, names)
    count = sum(map(len, found.pictures.values()))
    print(f"{count} boxes on {len(found.pictures)} pictures, by {names}: {arguments.out}")
    return Outcome({"boxes": count, "pictures": len(found.pictures)})
