"""Everything that a package holds, put together and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from belisha.errors import UsageError
from jetson.package import elf
from jetson.package.archive import File, deb, installed_kb
from jetson.package.bill import bill_of_materials, notices
from jetson.package.targets import ARCHITECTURE, Target
from jetson.package.wheels import Wheel

PAYLOAD = Path(__file__).parents[1] / "payload"
SITE = "usr/lib/belisha/site"
_DOC = "usr/share/doc/belisha"
_UNITS = "usr/lib/systemd/system"
_PLACES = {
    "belisha.sh": ("usr/bin/belisha", 0o755),
    "start.py": ("usr/lib/belisha/start.py", 0o644),
    "power": ("usr/lib/belisha/power", 0o755),
    "belisha.service": (f"{_UNITS}/belisha.service", 0o644),
    "belisha-power.service": (f"{_UNITS}/belisha-power.service", 0o644),
    "70-belisha-camera.rules": ("usr/lib/udev/rules.d/70-belisha-camera.rules", 0o644),
    "journald.conf": ("usr/lib/systemd/journald.conf.d/50-belisha.conf", 0o644),
    "belisha.yaml": ("etc/belisha/belisha.yaml", 0o644),
    "power.conf": ("etc/belisha/power.conf", 0o644),
}
"""Where each file of the payload goes, and its mode."""
_SCRIPTS = ("postinst", "prerm", "postrm")
_C_LIBRARY = "libc6"
_PACKAGES = {
    "ld-linux-aarch64.so.1": _C_LIBRARY,
    "libc.so.6": _C_LIBRARY,
    "libdl.so.2": _C_LIBRARY,
    "libm.so.6": _C_LIBRARY,
    "libpthread.so.0": _C_LIBRARY,
    "librt.so.1": _C_LIBRARY,
    "libresolv.so.2": _C_LIBRARY,
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
}
"""Shared library -> the Debian package that brings it."""
_JETPACK = frozenset({"libcuda.so.1"})
"""What a Jetson has with its drivers, and the virtual one has not: it must not be a dependency."""


@dataclass(frozen=True)
class Package:
    """A package that was put together.

    Attributes:
        file_name: as Debian wants it.
        content: the bytes of the .deb.
        depends: on other packages.
        glibc: newest version of the C library that something in it asks for.
        parts: name, version and licence of each wheel.
        installed_kb: what it takes on the device.
    """

    file_name: str
    content: bytes
    depends: str
    glibc: tuple[int, int]
    parts: tuple[tuple[str, str, str], ...]
    installed_kb: int


def assemble(
    target: Target,
    wheels: Sequence[Wheel],
    guide: Path,
    on_file: Callable[[], object] = lambda: None,
) -> Package:
    """Make the package of one target.

    Args:
        target: that it is for.
        wheels: belisha's own first, then all that it needs.
        guide: the document for the person with the device.
        on_file: called for each file that was read.

    Raises:
        UsageError: a library is for another processor or a newer system, or two wheels bring
            different files of one name.
    """
    version = f"{wheels[0].version}+{target.tag}"
    data = {f"{SITE}/{path}": file for path, file in _unpacked(wheels, on_file).items()}
    libraries = {path: file for path, file in data.items() if file.content[:4] == elf.MAGIC}
    packages, glibc = _needs(target, libraries)
    for source, (place, mode) in _PLACES.items():
        data[place] = File(_payload(source, PYTHON=target.python), mode)
    foreign = {path: file for path, file in libraries.items() if ".libs/" in path}
    data[f"{_DOC}/sbom.cdx.json"] = File(bill_of_materials(target, version, wheels, foreign))
    data[f"{_DOC}/copyright"] = File(notices(wheels))
    data[f"{_DOC}/README.md"] = File(guide.read_bytes())
    depends = ", ".join((target.interpreters, "adduser", *packages))
    size = installed_kb(data.values())
    control = {
        "control": File(
            _payload(
                "control", VERSION=version, SIZE=str(size), DEPENDS=depends, SYSTEM=target.system
            )
        ),
        "conffiles": File(b"".join(f"/{path}\n".encode() for path in data if path[:4] == "etc/")),
        **{name: File(_payload(name, PYTHON=target.python), 0o755) for name in _SCRIPTS},
    }
    return Package(
        file_name=f"belisha_{version}_{ARCHITECTURE}.deb",
        content=deb(control, data),
        depends=depends,
        glibc=glibc,
        parts=tuple((wheel.name, wheel.version, wheel.license) for wheel in wheels),
        installed_kb=size,
    )


def _unpacked(wheels: Iterable[Wheel], on_file: Callable[[], object]) -> dict[str, File]:
    """Path in the site folder -> file, of all wheels."""
    found: dict[str, File] = {}
    for wheel in wheels:
        for path, content in wheel.files():
            if path in found and found[path].content != content:
                raise UsageError(f"{wheel.path.name}: expected to be the only one with {path}")
            found[path] = File(content)
            on_file()
    return found


def _needs(target: Target, libraries: Mapping[str, File]) -> tuple[list[str], tuple[int, int]]:
    """Debian packages that the libraries need, and the newest C library they ask for."""
    inside = {path.rpartition("/")[2] for path in libraries}
    packages, newest = set(), (0, 0)
    for path, file in libraries.items():
        needs = elf.read_needs(path, file.content)
        if needs.glibc > target.glibc:
            raise UsageError(
                f"{path}: expected to run on glibc {_dotted(target.glibc)} of {target.system}, "
                f"but it asks for {_dotted(needs.glibc)}"
            )
        newest = max(newest, needs.glibc)
        for library in set(needs.libraries) - inside - _JETPACK:
            if library not in _PACKAGES:
                raise UsageError(f"{path}: no known package brings {library}: add it to _PACKAGES")
            packages.add(_PACKAGES[library])
    packages.discard(_C_LIBRARY)
    return [f"{_C_LIBRARY} (>= {_dotted(newest)})", *sorted(packages)], newest


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _payload(name: str, **values: str) -> bytes:
    """A file of the payload with its placeholders filled in."""
    text = (PAYLOAD / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text.encode()
