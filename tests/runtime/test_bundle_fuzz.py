"""Whatever happens to a bundle's bytes: it is refused, or it is the same bundle still."""

from __future__ import annotations

import copy
import json
import random
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from belisha.bundle import Bundle
from belisha.errors import BundleError
from tests.archives import CENTRAL, END, LOCAL, toy_entries, write_zip
from tests.toy import toy_files

DRASTIC = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def flip_bits(data: bytearray, draw: random.Random) -> None:
    for _ in range(draw.randint(1, 8)):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def truncate(data: bytearray, draw: random.Random) -> None:
    del data[draw.randrange(len(data)) :]


def remove(data: bytearray, draw: random.Random) -> None:
    begin = draw.randrange(len(data))
    del data[begin : begin + draw.choice((1, 2, 30, 46, 300))]


def insert(data: bytearray, draw: random.Random) -> None:
    at = draw.randint(0, len(data))
    data[at:at] = draw.randbytes(draw.choice((1, 2, 4, 22, 100)))


def splice(data: bytearray, draw: random.Random) -> None:
    """Copy a piece over another place."""
    length = draw.choice((1, 4, 30, 46, 200))
    source, target = draw.randrange(len(data)), draw.randrange(len(data))
    data[target : target + length] = data[source : source + length]


def edit_record(data: bytearray, draw: random.Random) -> None:
    """Overwrite a number in one of the zip's own records."""
    signature = draw.choice((LOCAL, CENTRAL, END))
    records = [found.start() for found in re.finditer(re.escape(signature), data)] or [0]
    at = draw.choice(records) + draw.randrange(4, 22 if signature == END else 46)
    form = draw.choice(("<B", "<H", "<L"))
    size = struct.calcsize(form)
    value = draw.choice((*DRASTIC, draw.getrandbits(32), len(data), len(data) + 1))
    if at + size <= len(data):
        struct.pack_into(form, data, at, value & (256**size - 1))


FILES = toy_files()
MUTATIONS = (flip_bits, truncate, remove, insert, splice, edit_record, edit_record)


def assert_refused_or_the_same(path: Path, toy: Bundle) -> bool:
    """Open; true if it was refused."""
    try:
        bundle = Bundle.open(path)
    except BundleError as error:
        assert str(path) in str(error)
        return True
    assert bundle.manifest == toy.manifest
    assert {name: bundle.read(name) for name in bundle.manifest.files} == FILES
    return False


def check_mutants(toy: Bundle, path: Path, seed: int, count: int) -> None:
    """Open mutants of the toy, and see that both outcomes happen."""
    whole, draw, refused = toy.path.read_bytes(), random.Random(seed), 0
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            mutant = bytearray(whole)
            for mutate in draw.choices(MUTATIONS, k=draw.choice((1, 1, 2))):
                if len(mutant) > 100:
                    mutate(mutant, draw)
            file.seek(0)
            file.write(mutant)
            file.truncate()
            refused += assert_refused_or_the_same(path, toy)
    assert 0.5 * count < refused < count


def test_a_thousand_mutants(toy: Bundle, tmp_path: Path) -> None:
    check_mutants(toy, tmp_path / "mutant.bundle", seed=0, count=1000)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_ten_thousand_mutants(toy: Bundle, tmp_path: Path, seed: int) -> None:
    check_mutants(toy, tmp_path / "mutant.bundle", seed, count=2500)


ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**63, 10**30, 1e308, -0.0, "", "x", "../x", "\x00", "\ud800"),
    *([], [None], [[[]]], {}, {"x": 1}, {"bytes": 10**30, "sha256": "x"}, "manifest.json"),
)


def odd_value(draw: random.Random) -> Any:
    return copy.deepcopy(draw.choice(ODD_VALUES))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a document."""
    children: Any = ()
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    for key, child in children:
        found += places(child, (*path, key))
    return found


def edit_document(document: Any, draw: random.Random) -> None:
    """Change, remove or add one value somewhere."""
    *parents, key = draw.choice(places(document))
    for parent in parents:
        document = document[parent]
    if draw.random() < 0.2:
        del document[key]
    elif draw.random() < 0.2 and isinstance(document, dict):
        document[draw.choice((f"{key}s", "", "x", "format"))] = odd_value(draw)
    else:
        document[key] = odd_value(draw)


def edit_text(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text))
    return text[:at] + draw.choice(('"', "{", "}", "[", ",", ":", "9", "-", "e9", "\\", "NaN"))


@pytest.mark.parametrize("seed", range(2))
def test_a_manifest_that_was_rewritten_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    """The zip is sound here, so that all of the damage reaches the reader of the manifest."""
    draw, read, path = random.Random(seed), 0, tmp_path / "rewritten.bundle"
    original = json.loads(toy_entries()[0][1])
    for _ in range(500):
        document = copy.deepcopy(original)
        for _ in range(draw.choice((1, 1, 3))):
            edit_document(document, draw)
        text = json.dumps(document)
        text = edit_text(text, draw) if draw.random() < 0.1 else text
        write_zip(path, [("manifest.json", text.encode()), *FILES.items()])
        try:
            assert Bundle.open(path).manifest.files
            read += 1
        except BundleError as error:
            assert str(path) in str(error)
    assert 0 < read < 250


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 200), st.binary(max_size=60)), min_size=1
    )
)
def test_any_replacements_are_refused_or_harmless(
    toy: Bundle, tmp_path: Path, edits: list[tuple[int, int, bytes]]
) -> None:
    data = toy.path.read_bytes()
    for at, removed, inserted in edits:
        data = data[:at] + inserted + data[at + removed :]
    path = tmp_path / "edited.bundle"
    path.write_bytes(data)
    assert_refused_or_the_same(path, toy)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000), st.binary(min_size=18, max_size=18))
def test_any_bytes_that_end_like_a_zip_are_refused(
    tmp_path: Path, body: bytes, numbers: bytes
) -> None:
    path = tmp_path / "noise.bundle"
    path.write_bytes(body + END + numbers[:-2] + b"\0\0")
    with pytest.raises(BundleError):
        Bundle.open(path)
