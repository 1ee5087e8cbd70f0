"""Which symbols of TensorRT the runtime touches, and which versions have them.

    python -m tests.runtime.engines.contract      prints the table in Markdown

The facts lie in tensorrt_symbols.json: the members of the classes that matter, with one letter for
each version that has them. The code is read, not run: an attribute of a variable that is named for
a class of TensorRT (`builder`, `self._context`) is a member of it, and `trt.X.Y` is what it says.
What the code asks for with `hasattr` may be absent.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import belisha.engines.nvidia

SOURCES = sorted(Path(belisha.engines.nvidia.__path__[0]).glob("*.py"))
FACTS = Path(__file__).with_name("tensorrt_symbols.json")
CLASSES = {
    "builder": "Builder",
    "network": "INetworkDefinition",
    "parser": "OnnxParser",
    "config": "IBuilderConfig",
    "cache": "ITimingCache",
    "runtime": "Runtime",
    "engine": "ICudaEngine",
    "context": "IExecutionContext",
    "inspector": "EngineInspector",
}
"""Name of a variable in the code -> class of TensorRT."""
RTX = "rtx 1.7.1.116"
RTX_ONLY = {
    "ComputeCapability",
    "IBuilderConfig.num_compute_capabilities",
    "IBuilderConfig.set_compute_capability",
}
"""Used only with a target, which TensorRT-RTX alone can have."""
WITH_INT8 = {"BuilderFlag.FP16"}
"""Used only where BuilderFlag.INT8 is."""
ABSTRACT = {
    "IProgressMonitor": ("phase_start", "step_complete", "phase_finish"),
    "ILogger": ("log",),
}
"""Classes that the code inherits from, and what it implements."""


@dataclass(frozen=True)
class Symbol:
    """`Builder.create_network`, and whether the code does without."""

    name: str
    optional: bool


def read_facts() -> dict[str, tuple[str, ...]]:
    """Symbol -> the versions that have it; `versions` -> all of them."""
    document = json.loads(FACTS.read_text())
    letters = document["versions"]
    table = {
        name: tuple(letters[letter] for letter in found)
        for name, found in document["symbols"].items()
    }
    return {**table, "versions": tuple(letters.values())}


def touched(sources: list[Path] = SOURCES) -> set[Symbol]:
    """Every symbol of TensorRT in the code."""
    trees = [ast.parse(text) for source in sources if "trt." in (text := source.read_text())]
    found = {symbol for tree in trees for symbol in _symbols(tree)}
    inherited = {
        Symbol(f"{base}.{method}", False)
        for base, methods in ABSTRACT.items()
        for method in methods
    }
    asked = {symbol.name for symbol in found if symbol.optional}
    certain = {Symbol(symbol.name, symbol.name in asked) for symbol in found}
    return {one for one in certain | inherited if not one.name.startswith("__")}


def _symbols(tree: ast.Module) -> Iterator[Symbol]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield from _of_attribute(node)
        elif isinstance(node, ast.Call):
            yield from _of_question(node)


def _of_attribute(node: ast.Attribute) -> Iterator[Symbol]:
    owner = _root(node.value)
    if owner == "trt":
        yield Symbol(node.attr, False)
    elif owner in CLASSES and not isinstance(node.value, ast.Call):
        yield Symbol(f"{CLASSES[owner]}.{node.attr}", False)
    elif isinstance(node.value, ast.Attribute) and _root(node.value.value) == "trt":
        yield Symbol(f"{node.value.attr}.{node.attr}", False)


def _of_question(node: ast.Call) -> Iterator[Symbol]:
    """`hasattr(trt.X, "Y")`."""
    if not (isinstance(node.func, ast.Name) and node.func.id == "hasattr"):
        return
    owner, name = node.args
    if isinstance(owner, ast.Attribute) and _root(owner.value) == "trt":
        assert isinstance(name, ast.Constant)
        yield Symbol(f"{owner.attr}.{name.value}", True)


def _root(node: ast.expr) -> str:
    """`trt`, `self._trt` and `site.trt` -> trt."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_") if isinstance(node.value, ast.Name) else ""
    return ""


def table() -> str:
    """Symbols against versions, in Markdown."""
    facts = read_facts()
    versions = facts.pop("versions")
    rows = [f"| symbol | {' | '.join(versions)} |", "|---" * (len(versions) + 1) + "|"]
    for symbol in sorted(touched(), key=lambda one: one.name):
        have = facts.get(symbol.name, ())
        spared = symbol.optional or symbol.name in RTX_ONLY | WITH_INT8
        marks = ("yes" if v in have else "not used" if spared else "MISSING" for v in versions)
        rows.append(f"| {symbol.name} | {' | '.join(marks)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
