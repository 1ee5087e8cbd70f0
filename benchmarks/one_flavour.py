"""A bundle with one of its flavours alone, so that an engine has no choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from belisha.bundle import Bundle, write_bundle
from belisha.manifest import Flavour


def with_one_flavour(bundle: Bundle, flavour: Flavour, folder: Path) -> Bundle:
    """Write a copy of a bundle that holds only `flavour` of its models.

    Args:
        bundle: the whole one; it must have the flavour.
        flavour: to keep.
        folder: where to.
    """
    manifest = bundle.manifest
    kept = manifest.models[flavour]
    dropped = set(manifest.models.values()) - {kept}
    files = {name: bundle.read(name) for name in manifest.files if name not in dropped}
    path = folder / f"{bundle.path.stem}-{flavour}.bundle"
    return write_bundle(path, replace(manifest, models={flavour: kept}), files)
