"""The wheels of a package: pinned by digest, downloaded once, unpacked into memory."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

from belisha.bundle import write_whole
from belisha.errors import UsageError
from jetson.package.targets import Target

LOCKS = Path(__file__).parent / "locks"
MAX_FILE_BYTES = 512 * 1024 * 1024
_NOT_NEEDED = re.compile(
    r"(^|/)(tests?|include)/|\.(pyi|a|h|lib|pyx|pxd)$"
    r"|^onnxruntime/(tools|transformers|quantization|backend|datasets)/|^numpy/(f2py|distutils)/"
)
"""Of a wheel, on a device: tests, headers, stubs, and what makes models or builds extensions."""
_DECLARED_BUT_UNUSED = frozenset({"coloredlogs", "flatbuffers", "packaging", "protobuf", "sympy"})
"""What ONNX Runtime declares for its conversion tools; running a model imports none of them."""


@dataclass(frozen=True)
class Wheel:
    """A wheel.

    Attributes:
        path: of the file.
        sha256: of the file.
        metadata: as its METADATA says.
    """

    path: Path
    sha256: str
    metadata: Message

    @property
    def name(self) -> str:
        """Of the project."""
        return str(self.metadata["Name"])

    @property
    def version(self) -> str:
        """Of the project."""
        return str(self.metadata["Version"])

    @property
    def license(self) -> str:
        """As the project says, in a few words."""
        expression = self.metadata["License-Expression"]
        classifiers = [
            one.rpartition(" :: ")[2]
            for one in self.metadata.get_all("Classifier", [])
            if one.startswith("License ::")
        ]
        first_line = str(self.metadata["License"] or "").strip().partition("\n")[0]
        return str(expression or ", ".join(classifiers) or first_line or "not declared")

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Path below the site folder, and content, of every file that a device needs.

        Raises:
            UsageError: a path leads elsewhere, or a file is enormous.
        """
        with zipfile.ZipFile(self.path) as archive:
            for entry in archive.infolist():
                name = _place(entry.filename)
                if entry.is_dir() or name is None or _NOT_NEEDED.search(name):
                    continue
                if entry.file_size > MAX_FILE_BYTES or ".." in PurePosixPath(name).parts:
                    raise UsageError(f"{self.path}: expected sane files, got {entry.filename!r}")
                yield name, archive.read(entry)


def _place(name: str) -> str | None:
    """Where a file of a wheel goes; scripts and the like go nowhere."""
    head, _, rest = name.partition("/")
    if not head.endswith(".data"):
        return name.lstrip("/")
    kind, _, rest = rest.partition("/")
    return rest if kind in ("purelib", "platlib") else None


def open_wheel(path: Path) -> Wheel:
    """Read a wheel's metadata.

    Raises:
        UsageError: it is none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
            metadata = Parser().parsestr(archive.read(name).decode())
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path}: expected a wheel: {error}") from error
    return Wheel(path, hashlib.sha256(path.read_bytes()).hexdigest(), metadata)


def open_built_wheel(path: Path, target: Target) -> Wheel:
    """Read a wheel that was built for one target, and for no other.

    Raises:
        UsageError: it is none, or for another Python or processor.
    """
    ending = f"-{target.interpreter}-linux_aarch64.whl"
    if not path.name.endswith(ending):
        raise UsageError(f"{path}: expected a wheel for {target.name}, whose name ends {ending}")
    return open_wheel(path)


def build_own_wheel(checkout: Path, folder: Path) -> Wheel:
    """Build belisha's wheel from a checkout; the same bytes each time.

    Raises:
        UsageError: it cannot be built.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("belisha-*.whl"):
        old.unlink()
    _run("build", "--wheel", "--no-isolation", "--outdir", str(folder), str(checkout))
    return open_wheel(next(folder.glob("belisha-*.whl")))


def requirements(own: Wheel) -> list[str]:
    """What belisha needs on a device's processor, as its metadata says."""
    found = []
    for line in own.metadata.get_all("Requires-Dist", []):
        requirement, _, marker = line.partition(";")
        if marker.strip() in ("", "extra == 'cpu'", 'extra == "cpu"'):
            found.append(requirement.strip())
    return found


def lock_path(target: Target) -> Path:
    """The file that pins a target's wheels."""
    return LOCKS / f"{target.name}.txt"


def lock(target: Target, wanted: Sequence[str], cache: Path) -> list[Wheel]:
    """Take the newest wheels that fit, and pin them.

    Raises:
        UsageError: there are none that fit.
    """
    folder = cache / f"{target.name}-newest"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    _download(target, folder, "--no-deps", *wanted)
    wheels = sorted(map(open_wheel, folder.glob("*.whl")), key=lambda wheel: wheel.name.lower())
    missing = _undeclared(wheels)
    if missing:
        raise UsageError(f"expected wheels that need nothing else, but they need {missing}")
    pins = [f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wheels]
    head = f"# {target.system}, Python {target.python}; made by: python -m jetson lock\n"
    write_whole(lock_path(target), (head + "".join(pins)).encode())
    return wheels


def _undeclared(wheels: Sequence[Wheel]) -> str:
    """What the wheels need beside each other, without what only their tools need."""
    have = {_normal(wheel.name) for wheel in wheels} | _DECLARED_BUT_UNUSED
    needed = {
        _normal(re.split(r"[ ;<>=!~\[(]", line)[0])
        for wheel in wheels
        for line in wheel.metadata.get_all("Requires-Dist", [])
        if "extra ==" not in line
    }
    return ", ".join(sorted(needed - have))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def fetch(target: Target, cache: Path) -> list[Wheel]:
    """The pinned wheels of a target; downloaded if they are not in the cache.

    Raises:
        UsageError: nothing is pinned, or a wheel is not to be had.
    """
    if not lock_path(target).exists():
        raise UsageError(f"{lock_path(target)} is missing: python -m jetson lock {target.name}")
    pins = dict(
        re.findall(r"^(\S+==\S+) --hash=sha256:(\w+)$", lock_path(target).read_text(), re.M)
    )
    folder = cache / target.name
    folder.mkdir(parents=True, exist_ok=True)
    if not set(pins.values()) <= _cached(folder).keys():
        _download(target, folder, "--no-deps", "--require-hashes", "-r", str(lock_path(target)))
    cached = _cached(folder)
    return [open_wheel(cached[sha256]) for sha256 in pins.values()]


def _cached(folder: Path) -> dict[str, Path]:
    """Digest -> file of every wheel in a folder."""
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.glob("*.whl")}


def _download(target: Target, folder: Path, *more: str) -> None:
    platforms = [word for name in target.platforms for word in ("--platform", name)]
    _run(
        *("pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"),
        *("--implementation", "cp", "--python-version", target.python, *platforms),
        *("--dest", str(folder), *more),
    )


def _run(*module_and_arguments: str) -> None:
    """Run a module of this Python."""
    done = subprocess.run(  # noqa: S603  # our own interpreter, no shell
        [sys.executable, "-m", *module_and_arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise UsageError(f"{module_and_arguments[0]} failed: {' '.join(last)}")
