"""What is inside a package, and under which terms: a bill of materials, and all licence texts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from belisha.bundle import Bundle
from belisha.champion import BUNDLE
from jetson.package.archive import File
from jetson.package.targets import Target
from jetson.package.wheels import Wheel

_TERMS = re.compile(
    r"(^|/)(LICEN[CS]E|COPYING|NOTICE|AUTHORS|ThirdPartyNotices|Privacy)[^/]*$|/licenses/", re.I
)


def bill_of_materials(
    target: Target, version: str, wheels: Sequence[Wheel], libraries: Mapping[str, File]
) -> bytes:
    """A CycloneDX 1.5 document: projects, the native libraries inside them, the detector.

    Args:
        target: that the package is for.
        version: of the package.
        wheels: all that are in it.
        libraries: path -> shared library that a wheel brings along from elsewhere.
    """
    bundle = Bundle.open(BUNDLE)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "belisha", "version": version},
            "properties": [{"name": "target", "value": target.system}],
        },
        "components": [
            *(_project(wheel) for wheel in wheels),
            *(_library(path, file) for path, file in sorted(libraries.items())),
            {
                "type": "machine-learning-model",
                "name": bundle.manifest.name,
                "hashes": [_hash(hashlib.sha256(BUNDLE.read_bytes()).hexdigest())],
                "properties": [{"name": "belisha:digest", "value": bundle.digest}],
            },
        ],
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def _project(wheel: Wheel) -> dict[str, Any]:
    return {
        "type": "library",
        "name": wheel.name,
        "version": wheel.version,
        "purl": f"pkg:pypi/{wheel.name.lower().replace('_', '-')}@{wheel.version}",
        "hashes": [_hash(wheel.sha256)],
        "licenses": [{"license": {"name": wheel.license}}],
    }


def _library(path: str, file: File) -> dict[str, Any]:
    digest = hashlib.sha256(file.content).hexdigest()
    return {"type": "file", "name": path, "hashes": [_hash(digest)]}


def _hash(sha256: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": sha256}


def notices(wheels: Sequence[Wheel]) -> bytes:
    """The licence texts of everything, each once, under the names of the files they came from."""
    parts = [
        "Third-party software in this package.\n"
        "TensorRT and CUDA are not part of it: they come with JetPack, under NVIDIA's terms.\n"
    ]
    for wheel in wheels:
        rule = "=" * 78
        parts.append(f"\n{rule}\n{wheel.name} {wheel.version}: {wheel.license}\n{rule}\n")
        seen = set()
        for path, content in wheel.files():
            if _TERMS.search(path) and not path.endswith(".py") and content not in seen:
                seen.add(content)
                parts.append(f"\n--- {path}\n\n{content.decode(errors='replace')}\n")
    return "".join(parts).encode()
