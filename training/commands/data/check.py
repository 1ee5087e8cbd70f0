"""Compare every image of a version with its digest: damage and edits in place are found.

Examples:
  python -m training data check
  python -m training data check --store runs/store --version v1 --json

Images are hard links to their sources where possible, so a source that was edited in place shows
here. Take the source in again, or restore the file.
"""

from __future__ import annotations

import argparse

from tqdm import tqdm

from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_SOME_FAILED
from training.commands.data.store_option import add_version_options
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Read everything."""
    damaged = []
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        progress = tqdm(total=len(version), desc="check", unit="image", leave=False, disable=None)
        with progress:
            for record in version.records():
                progress.update()
                if store.objects.is_damaged(record.sha256):
                    path = str(version.image_path(record.sha256))
                    damaged.append({"name": f"{record.source}/{record.name}", "path": path})
    for image in damaged:
        print(f"damaged or absent: {image['name']}: {image['path']}")
    print(f"version {version.name}: {len(version)} images, {len(damaged)} damaged or absent")
    document = {"version": version.name, "images": len(version), "damaged": damaged}
    return Outcome(document, EXIT_SOME_FAILED if damaged else EXIT_OK)
