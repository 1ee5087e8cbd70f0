"""The strict reader of YAML and JSON documents: configuration, manifests, rules.

A document becomes a frozen dataclass or an error that names file, line and what to do. Unknown
keys, duplicate keys, wrong types and the traps of YAML 1.1 (22:00 is 1320, `no` is false) are
errors, because a misspelt key that is silently ignored is found in the field.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import math
import re
import types
import typing
from collections import Counter
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from belisha.errors import ConfigError

T = TypeVar("T")
Lines = dict[str, int]

MAX_BYTES = 1_000_000
"""No configuration is longer; a longer file is a mistake or an attack."""
MAX_DEPTH = 50
MAX_NODES = 50_000
"""Also stops a document whose aliases unfold without end."""

_TRAPS = (
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"), "a number in base 60", ""),
    (re.compile(r"(?i:yes|no|on|off)"), "true or false", "true, false, or "),
    (re.compile(r"[-+]?0[0-7_]+"), "a number in base 8", "it without the leading zero, or "),
)
"""What YAML 1.1 makes of some unquoted words, and what to write instead of it."""


def read_yaml(path: Path, schema: type[T]) -> T:
    """Read a YAML file as `schema`, a dataclass.

    Raises:
        ConfigError: the file is absent, too long, not YAML, or breaks the schema.
    """
    return parse_yaml(read_bounded(path, MAX_BYTES), schema, str(path))


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """The content of a file that may not be longer than `max_bytes`.

    Raises:
        ConfigError: it is absent or longer.
    """
    try:
        with path.open("rb") as file:
            text = file.read(max_bytes + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > max_bytes:
        raise ConfigError(f"{path}: expected at most {max_bytes} bytes: is this the right file?")
    return text


def parse_yaml(text: bytes | str, schema: type[T], name: str) -> T:
    """Parse YAML as `schema`; `name` stands for the file in error messages."""
    value, lines = load_yaml(text, name)
    return convert(value, schema, name, lines)


def load_yaml(text: bytes | str, name: str) -> tuple[Any, Lines]:
    """Parse YAML without a schema, for readers that name lines themselves.

    Returns:
        Plain dicts, lists and scalars, {} for an empty document; and the line of each path, such
        as `$.rules[2].when`.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: not valid YAML: {_one_line(error)}") from error
    builder = _Builder(name)
    value = {} if root is None else builder.build(root, "$", 0)
    return value, builder.lines


def parse_json(text: bytes, schema: type[T], name: str) -> T:
    """Parse JSON as `schema`; `name` stands for the file in error messages."""
    return convert(load_json(text, name), schema, name)


def load_json(text: bytes, name: str) -> Any:
    """Parse JSON without a schema; duplicate keys, NaN and infinite numbers are refused."""
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: not valid JSON: {_one_line(error)}") from error


def convert(value: Any, schema: type[T], name: str, lines: Lines | None = None) -> T:
    """Make `schema` of plain dicts, lists and scalars; nothing is coerced, nothing ignored."""
    lines = lines or {}
    _refuse_half_characters(value, name)
    _refuse_unknown(value, schema, "$", name, lines)
    try:
        return msgspec.convert(value, schema, strict=True)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        where = path.rstrip("`") or "$"
        field = f"{where[2:]}: " if len(where) > 2 else ""
        raise ConfigError(f"{place(name, where, lines)}: {field}{message}") from error


class _Builder:
    """Makes plain data of YAML nodes; notes the line of each path on the way."""

    def __init__(self, name: str) -> None:
        self.lines: Lines = {}
        self._name = name
        self._nodes = 0

    def build(self, node: Any, path: str, depth: int) -> Any:
        """The data of a node and of all below it."""
        import yaml

        line = node.start_mark.line + 1
        self.lines[path] = line
        self._nodes += 1  # paths may coincide ({a.b: 1, a: {b: 1}}), so they cannot be the count
        if depth > MAX_DEPTH:
            raise ConfigError(f"{self._name}:{line}: nested deeper than {MAX_DEPTH} levels")
        if self._nodes > MAX_NODES:
            raise ConfigError(
                f"{self._name}:{line}: more than {MAX_NODES} values, aliases included"
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [
                self.build(item, f"{path}[{index}]", depth + 1)
                for index, item in enumerate(node.value)
            ]
        return _scalar(node, f"{self._name}:{line}")

    def _mapping(self, node: Any, path: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            place = f"{self._name}:{key_node.start_mark.line + 1}"
            if not isinstance(key, str):
                raise ConfigError(f"{place}: keys must be plain text")
            if key in result:
                raise ConfigError(f"{place}: the key {key!r} stands twice: keep one of them")
            result[key] = self.build(value_node, f"{path}.{key}", depth + 1)
        return result


def _scalar(node: Any, place: str) -> Any:
    """The value of a YAML scalar, the traps of YAML 1.1 refused."""
    import yaml

    for pattern, meaning, advice in _TRAPS:
        if node.style is None and pattern.fullmatch(node.value):
            raise ConfigError(
                f"{place}: YAML reads the unquoted {node.value} as {meaning}: "
                f'write {advice}"{node.value}"'
            )
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{place}: {_one_line(error)}") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{place}: expected a finite number, got {node.value}")
    return value


def _refuse_half_characters(value: Any, name: str) -> None:
    r"""An escape such as \ud800 makes text that can be neither written nor printed."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{name}: expected text, got a lone surrogate: {error}") from error


def _refuse_unknown(value: Any, schema: Any, path: str, name: str, lines: Lines) -> None:
    """Walk value and type side by side; raise at the first key that no dataclass has."""
    origin, arguments = typing.get_origin(schema), typing.get_args(schema)
    if origin in (typing.Union, types.UnionType):
        for option in arguments:
            _refuse_unknown(value, option, path, name, lines)
    elif dataclasses.is_dataclass(schema) and isinstance(value, dict):
        hints = _fields(typing.cast(Any, schema))
        for key, item in value.items():
            if key not in hints:
                close = difflib.get_close_matches(str(key), hints, n=1)
                advice = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(hints)}"
                raise ConfigError(
                    f"{place(name, f'{path}.{key}', lines)}: unknown key {key!r}: {advice}"
                )
            _refuse_unknown(item, hints[key], f"{path}.{key}", name, lines)
    elif origin in (list, tuple) and isinstance(value, list) and arguments:
        alike = origin is list or arguments[-1] is Ellipsis
        types_of_items = [arguments[0]] * len(value) if alike else arguments
        for index, (item, kind) in enumerate(zip(value, types_of_items, strict=False)):
            _refuse_unknown(item, kind, f"{path}[{index}]", name, lines)
    elif origin is dict and isinstance(value, dict):
        for key, item in value.items():
            _refuse_unknown(item, arguments[1], f"{path}.{key}", name, lines)


@functools.cache
def _fields(schema: Any) -> dict[str, Any]:
    """Name -> type of a dataclass's fields."""
    return typing.get_type_hints(schema)


def place(name: str, path: str, lines: Lines) -> str:
    """`file:line` of a path, or of its nearest known parent."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return f"{name}:{lines[path]}" if path else name


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice!r} stands twice")
    return result


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
