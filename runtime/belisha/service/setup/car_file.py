"""The camera's mounting in car.yaml: read, and written with everything else left as it stands.

Only the values are replaced in the text, so comments, order and other settings stay; what cannot be
changed that way is refused, and the file stays as it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from belisha.bundle import write_whole
from belisha.documents import MAX_BYTES, convert, load_yaml, read_bounded
from belisha.errors import ConfigError
from belisha.service.mounting import Mounting

SECTION = ("camera", "mounting")
_NUMBERS = ("height_m", "fov_deg", "horizon")


def read_mounting(path: Path) -> Mounting:
    """The mounting that a car.yaml states; the usual one where it states none, or is not there.

    Raises:
        ConfigError: the file is not YAML, or its mounting is wrong.
    """
    if not path.exists():
        return Mounting()
    document, lines = load_yaml(read_bounded(path, MAX_BYTES), str(path))
    section = _section(document, path)
    return Mounting() if section is None else convert(section, Mounting, str(path), lines)


def write_mounting(path: Path, mounting: Mounting) -> None:
    """State the mounting in a car.yaml, which is made if it is not there.

    Raises:
        ConfigError: the file is not YAML, cannot be changed without touching something else, or
            cannot be written. It is then as it was.
    """
    text = read_bounded(path, MAX_BYTES).decode("utf-8", "strict") if path.exists() else ""
    changed = with_mounting(text, mounting, str(path))
    try:
        write_whole(path, changed.encode())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error


def mounting_lines(mounting: Mounting, indent: str = "  ") -> str:
    """The section as it may be typed."""
    values = "".join(f"{indent * 2}{key}: {value!r}\n" for key, value in _plain(mounting).items())
    return f"camera:\n{indent}mounting:\n{values}"


def with_mounting(text: str, mounting: Mounting, name: str) -> str:
    """The text of a car.yaml with this mounting in it.

    Raises:
        ConfigError: see `write_mounting`.
    """
    import yaml

    before, _ = load_yaml(text, name)
    if not isinstance(before, dict):
        raise ConfigError(f"{name}: expected keys such as camera:, got {type(before).__name__}")
    _section(before, Path(name))
    camera = before.get("camera")
    wanted = {**before, "camera": {**(camera or {}), "mounting": _plain(mounting)}}
    try:
        changed = _appended(text, mounting) if camera is None else _changed(text, mounting)
        if load_yaml(changed, name)[0] == wanted:
            return changed
    except (ConfigError, yaml.YAMLError):
        pass  # an anchor, a tag, or whatever else stands where a value was expected
    raise ConfigError(
        f"{name}: cannot be changed without touching something else: "
        f"write this into it yourself:\n{mounting_lines(mounting)}"
    )


def _section(document: Any, path: Path) -> Any:
    """What stands under `camera: mounting:`; nothing if there is none."""
    section = document
    for key in SECTION:
        if section is None:
            return None
        if not isinstance(section, dict):
            raise ConfigError(f"{path}: expected keys under {key!r}'s parent, got {section!r}")
        section = section.get(key)
    return section


def _plain(mounting: Mounting) -> dict[str, Any]:
    """The mounting as YAML reads it, rounded to what sliders can tell apart."""
    values = {name: round(float(getattr(mounting, name)), 4) for name in _NUMBERS}
    return {**values, "crop": [round(float(row), 4) for row in mounting.crop]}


def _appended(text: str, mounting: Mounting) -> str:
    """The text with a section of its own at its end."""
    gap = "\n" if text and not text.endswith("\n") else ""
    return f"{text}{gap}{mounting_lines(mounting)}"


def _changed(text: str, mounting: Mounting) -> str:
    """The text with each value in its place; the last first, as new ones are put in at the top."""
    for key, value in reversed(_plain(mounting).items()):
        text = _with_value(text, key, repr(value))
    return text


def _with_value(text: str, key: str, word: str) -> str:
    """The text with one value of the mounting changed or put in."""
    import yaml

    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, step in enumerate((*SECTION, key)):
        inner = next((value for name, value in node.value if name.value == step), None)
        if inner is None or not isinstance(inner, yaml.Node):
            missing = (*SECTION, key)[depth:]
            return _put_in(text, node, missing, word)
        node = inner
    return text[: node.start_mark.index] + word + text[_end(node) :]


def _put_in(text: str, parent: Any, keys: tuple[str, ...], word: str) -> str:
    """The text with `keys` nested in one another as the first entry of a mapping."""
    for key in reversed(keys[1:]):
        word = f"{{{key}: {word}}}"
    at = parent.start_mark.index
    if parent.flow_style:
        comma = ", " if parent.value else ""
        return f"{text[: at + 1]}{keys[0]}: {word}{comma}{text[at + 1 :]}"
    indent = " " * parent.start_mark.column
    return f"{text[:at]}{keys[0]}: {word}\n{indent}{text[at:]}"


def _end(node: Any) -> int:
    """Where a value ends; block collections claim the blank lines and comments after them."""
    last = node
    while not isinstance(last.value, str) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last.value[-1], tuple) else last.value[-1]
    return int(last.end_mark.index)
