"""Where a bundle comes from: data, configuration, code and tools, as a document that travels."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from training.checkpoint import Checkpoint
from training.revision import commit

SCHEMA = "belisha-lineage-1"
"""Name and version of the document."""
_TOOLS = ("belisha", "torch", "onnx", "onnxruntime", "opencv-python-headless", "numpy")


def lineage(checkpoint: Checkpoint, checkpoint_digest: str) -> dict[str, Any]:
    """The document.

    Args:
        checkpoint: that the bundle is made of.
        checkpoint_digest: sha256 of its file.
    """
    metadata = checkpoint.metadata
    return {
        "schema": SCHEMA,
        "checkpoint": {
            "sha256": checkpoint_digest,
            "commit": metadata.commit,
            "config": asdict(metadata.config),
            "progress": asdict(metadata.progress),
            "ap50_in_training": metadata.figures,
        },
        "data": {
            "fingerprints": metadata.fingerprints,
            "versions": sorted(
                {f"{one.store} {one.version}" for one in metadata.config.train if one.store}
            ),
        },
        "export": {"commit": commit(), "tools": {name: _version(name) for name in _TOOLS}},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
