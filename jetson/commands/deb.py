"""Build the package of one JetPack: everything but Python, TensorRT and CUDA in one .deb.

Examples:
  python -m jetson deb --target jetpack6
  python -m jetson deb --target jetpack7 --out dist --json
  python -m jetson deb --target jetpack6 --pycuda dist/pycuda-2026.1-cp310-cp310-linux_aarch64.whl

Any machine can build it; nothing for ARM is run. The wheels are pinned by digest, every library
in them is checked to be for this processor and this system's C library, and the same checkout gives
the same bytes each time. A bill of materials and all licence texts are inside. With pycuda, which
jetson/package/pycuda.sh builds, nothing is left to be built on the device.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
from pathlib import Path

from tqdm import tqdm

from belisha.bundle import write_whole
from belisha.cli.dispatch import Outcome
from jetson.package.assembly import Package, assemble
from jetson.package.targets import TARGETS, find_target
from jetson.package.wheels import build_own_wheel, fetch, open_built_wheel

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / "build" / "jetson" / "wheels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--target", default="jetpack6", metavar="NAME",
        help=f"of {', '.join(TARGETS)} (default: jetpack6)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("dist"), metavar="DIR", help="where to (default: dist)"
    )
    parser.add_argument(
        "--cache", type=Path, default=CACHE, metavar="DIR", help="where wheels are kept"
    )
    parser.add_argument(
        "--pycuda", type=Path, metavar="WHEEL", help="that jetson/package/pycuda.sh has built"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Build, say what it is."""
    target = find_target(arguments.target)
    built = [open_built_wheel(arguments.pycuda, target)] if arguments.pycuda else []
    own = build_own_wheel(CHECKOUT, arguments.cache / "own")
    wheels = [own, *fetch(target, arguments.cache), *built]
    with tqdm(desc="unpacking", unit=" files", disable=None) as progress:
        package = assemble(target, wheels, CHECKOUT / "jetson" / "README.md", progress.update)
    path = arguments.out / package.file_name
    write_whole(path, package.content)
    sha256 = hashlib.sha256(package.content).hexdigest()
    _print(package, path, sha256, target.system)
    document = {
        **{key: value for key, value in dataclasses.asdict(package).items() if key != "content"},
        "path": str(path),
        "bytes": len(package.content),
        "sha256": sha256,
    }
    return Outcome(document)


def _print(package: Package, path: Path, sha256: str, system: str) -> None:
    for name, version, terms in package.parts:
        print(f"  {name:24} {version:12} {terms}")
    print(f"depends: {package.depends}")
    print(f"{path}: {len(package.content) / 1e6:.1f} MB, for {system}; sha256 {sha256}")
