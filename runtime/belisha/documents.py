"""The strict reader of YAML and JSON documents: configuration, manifests, rules.

A document becomes a frozen dataclass or an error that names file, line and what to do. Unknown
keys, duplicate keys, wrong types and the traps of YAML 1.1 (22:00 is 1320, `no` is false) are
errors, because a misspelt key that is silently ignored is found in the field.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import types
import typing
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

_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_SPELT_BOOLEAN = re.compile(r"(?i:yes|no|on|off)")


def read_yaml(path: Path, schema: type[T]) -> T:
    """Read a YAML file as `schema`, a dataclass.

    Raises:
        ConfigError: the file is absent, too long, not YAML, or breaks the schema.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{path}: expected at most {MAX_BYTES} bytes: is this the right file?")
    return parse_yaml(text, schema, str(path))


def parse_yaml(text: bytes | str, schema: type[T], name: str) -> T:
    """Parse YAML as `schema`; `name` stands for the file in error messages."""
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"{name}: not valid YAML: {_one_line(error)}") from error
    lines: Lines = {}
    value = {} if root is None else _construct(root, "$", lines, name, 0)
    return convert(value, schema, name, lines)


def parse_json(text: bytes, schema: type[T], name: str) -> T:
    """Parse JSON as `schema`; `name` stands for the file in error messages."""
    return convert(load_json(text, name), schema, name)


def load_json(text: bytes, name: str) -> Any:
    """Parse JSON without a schema; duplicate keys and NaN are refused."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: not valid JSON: {_one_line(error)}") from error


def convert(value: Any, schema: type[T], name: str, lines: Lines | None = None) -> T:
    """Make `schema` of plain dicts, lists and scalars; nothing is coerced, nothing ignored."""
    lines = lines or {}
    _refuse_unknown(value, schema, "$", name, lines)
    try:
        return msgspec.convert(value, schema, strict=True)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        where = path.rstrip("`") or "$"
        field = f"{where[2:]}: " if len(where) > 2 else ""
        raise ConfigError(f"{_place(name, where, lines)}: {field}{message}") from error


def _construct(node: Any, path: str, lines: Lines, name: str, depth: int) -> Any:
    """Plain data of a YAML node; notes the line of each path on the way."""
    import yaml

    line = node.start_mark.line + 1
    lines[path] = line
    if depth > MAX_DEPTH:
        raise ConfigError(f"{name}:{line}: nested deeper than {MAX_DEPTH} levels")
    if len(lines) > MAX_NODES:
        raise ConfigError(f"{name}:{line}: more than {MAX_NODES} values, aliases included")
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                raise ConfigError(f"{name}:{key_node.start_mark.line + 1}: keys must be plain text")
            if key in result:
                raise ConfigError(
                    f"{name}:{key_node.start_mark.line + 1}: the key {key!r} stands twice: "
                    "keep one of them"
                )
            result[key] = _construct(value_node, f"{path}.{key}", lines, name, depth + 1)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(item, f"{path}[{index}]", lines, name, depth + 1)
            for index, item in enumerate(node.value)
        ]
    return _scalar(node, f"{name}:{line}")


def _scalar(node: Any, place: str) -> Any:
    """The value of a YAML scalar, the traps of YAML 1.1 refused."""
    import yaml

    if node.style is None and _SEXAGESIMAL.fullmatch(node.value):
        raise ConfigError(
            f"{place}: YAML reads the unquoted {node.value} as a number in base 60: "
            f'write "{node.value}"'
        )
    if node.style is None and _SPELT_BOOLEAN.fullmatch(node.value):
        raise ConfigError(
            f"{place}: YAML reads the unquoted {node.value} as true or false: "
            f'write true, false, or "{node.value}"'
        )
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{place}: {_one_line(error)}") from error


def _refuse_unknown(value: Any, schema: Any, path: str, name: str, lines: Lines) -> None:
    """Walk value and type side by side; raise at the first key that no dataclass has."""
    origin, arguments = typing.get_origin(schema), typing.get_args(schema)
    if origin in (typing.Union, types.UnionType):
        for option in arguments:
            _refuse_unknown(value, option, path, name, lines)
    elif dataclasses.is_dataclass(schema) and isinstance(value, dict):
        hints = typing.get_type_hints(schema)
        for key, item in value.items():
            if key not in hints:
                close = difflib.get_close_matches(str(key), hints, n=1)
                advice = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(hints)}"
                raise ConfigError(
                    f"{_place(name, f'{path}.{key}', lines)}: unknown key {key!r}: {advice}"
                )
            _refuse_unknown(item, hints[key], f"{path}.{key}", name, lines)
    elif origin in (list, tuple) and isinstance(value, list) and arguments:
        for index, item in enumerate(value):
            _refuse_unknown(item, arguments[0], f"{path}[{index}]", name, lines)
    elif origin is dict and isinstance(value, dict):
        for key, item in value.items():
            _refuse_unknown(item, arguments[1], f"{path}.{key}", name, lines)


def _place(name: str, path: str, lines: Lines) -> str:
    """`file:line` of a path, or of its nearest known parent."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return f"{name}:{lines[path]}" if path else name


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
