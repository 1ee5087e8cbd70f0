"""Every symbol of TensorRT that the code touches is there in every version that is supported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.engines.contract import (
    RTX,
    RTX_ONLY,
    WITH_INT8,
    Symbol,
    read_facts,
    table,
    touched,
)

FACTS = read_facts()
VERSIONS = FACTS["versions"]


def has(version: str, name: str) -> bool:
    return version in FACTS.get(name, ())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_has_whatever_the_code_uses_there(version: str) -> None:
    spared = (WITH_INT8 if not has(version, "BuilderFlag.INT8") else set()) | (
        RTX_ONLY if version != RTX else set()
    )
    missing = {
        symbol.name
        for symbol in touched()
        if not symbol.optional and symbol.name not in spared and not has(version, symbol.name)
    }
    assert missing == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_has_weak_typing_or_strong_typing(version: str) -> None:
    assert has(version, "BuilderFlag.INT8") == has(version, "BuilderFlag.FP16")
    assert has(version, "BuilderFlag.INT8") or has(
        version, "NetworkDefinitionCreationFlag.STRONGLY_TYPED"
    )


def test_the_reader_of_the_code_sees_its_calls_and_its_questions() -> None:
    found = touched()
    assert {
        Symbol("Builder.build_serialized_network", False),
        Symbol("IExecutionContext.execute_async_v3", False),
        Symbol("ILogger.INTERNAL_ERROR", False),
        Symbol("IProgressMonitor.step_complete", False),
        Symbol("BuilderFlag.INT8", True),
    } <= found
    assert len(found) > 45


def test_a_call_that_a_version_lacks_would_be_found(tmp_path: Path) -> None:
    source = tmp_path / "old.py"
    source.write_text(
        "def run(trt, context):\n"
        "    context.execute_async_v2(trt.DataType.INT8)\n"
        "    if hasattr(trt.BuilderFlag, 'INT4'): pass\n"
    )
    old = Symbol("IExecutionContext.execute_async_v2", False)
    assert {old, Symbol("DataType.INT8", False), Symbol("BuilderFlag.INT4", True)} <= touched(
        [source]
    )
    assert not any(has(version, old.name) for version in VERSIONS)


def test_the_table_names_no_symbol_that_is_missing() -> None:
    assert "MISSING" not in table()
    assert table().count("\n") == len(touched()) + 1
