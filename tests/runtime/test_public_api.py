"""What users import."""

from __future__ import annotations

import importlib
import re

import pytest

import belisha


def test_the_public_names_are_sorted_and_each_is_there_once() -> None:
    assert belisha.__all__ == sorted(set(belisha.__all__))


def test_a_star_import_brings_the_public_names_and_nothing_else() -> None:
    namespace: dict[str, object] = {}
    exec("from belisha import *", namespace)
    assert namespace.keys() - {"__builtins__"} == set(belisha.__all__)


@pytest.mark.parametrize("name", [name for name in belisha.__all__ if name != "__version__"])
def test_a_public_name_is_the_very_thing_that_its_module_defines(name: str) -> None:
    thing = getattr(belisha, name)
    assert thing is getattr(importlib.import_module(thing.__module__), name)
    assert thing.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'belisha' has no attribute 'Detecter'"):
        _ = belisha.Detecter


def test_the_version_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", belisha.__version__)
