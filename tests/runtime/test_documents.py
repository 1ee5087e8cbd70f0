"""The strict reader: a document becomes its dataclass, or an error with file, line and advice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from belisha.documents import MAX_BYTES, load_json, parse_json, parse_yaml, read_yaml
from belisha.errors import ConfigError


@dataclass(frozen=True)
class Window:
    """When something is active."""

    name: str
    begin: str
    days: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One of everything that a configuration may hold."""

    camera: str
    rate_hz: float = 30.0
    threads: int = 1
    enabled: bool = True
    mode: Literal["newest", "every"] = "newest"
    light: Literal["day", "night"] | None = None
    window: Window | None = None
    windows: list[Window] = field(default_factory=list)
    bounds: tuple[float, float] = (0.0, 1.0)
    pair: tuple[Window, int] | None = None
    limits: dict[str, Window] = field(default_factory=dict)


AB = Window("a", "b")


def rule(text: str | bytes) -> Rule:
    return parse_yaml(text, Rule, "rule.yaml")


def test_a_whole_document_becomes_its_dataclass() -> None:
    text = """\
# anything may be commented
camera: front
rate_hz: 10          # a whole number is a fine float
threads: 4
enabled: false
mode: every
light: night
window: {name: school, begin: "07:30", days: [mon, tue]}
windows:
  - name: evening
    begin: "22:00"
  - {name: noon, begin: "12:00"}
bounds: [0.25, 1]
pair: [{name: odd, begin: "1"}, 7]
limits:
  speed: {name: s, begin: "0"}
"""
    assert rule(text) == Rule(
        camera="front",
        rate_hz=10.0,
        threads=4,
        enabled=False,
        mode="every",
        light="night",
        window=Window("school", "07:30", ("mon", "tue")),
        windows=[Window("evening", "22:00"), Window("noon", "12:00")],
        bounds=(0.25, 1.0),
        pair=(Window("odd", "1"), 7),
        limits={"speed": Window("s", "0")},
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("camera: a\nlight: null\nwindow: ~", Rule("a")),
        ("camera: a\nrate_hz: 0.5", Rule("a", rate_hz=0.5)),
        ("camera: '22:00'", Rule("22:00")),  # quoted, every trap is text
        ('camera: "no"', Rule("no")),
        ("camera: 'on'", Rule("on")),
        ("camera: '010'", Rule("010")),
        ("camera: |\n  no\n", Rule("no\n")),  # so it is in a block
        ("camera: noon", Rule("noon")),  # only whole words are traps
        ("camera: a\nthreads: 0", Rule("a", threads=0)),
        ("camera: a\nthreads: 0x10", Rule("a", threads=16)),
        ("camera: Zebrastreifen über die Straße", Rule("Zebrastreifen über die Straße")),
        ("\ufeffcamera: a", Rule("a")),  # a byte order mark
        ("camera: &x a\nmode: every", Rule("a", mode="every")),
        (
            "camera: a\nwindow: &w {name: a, begin: b}\nwindows: [*w]",
            Rule("a", window=AB, windows=[AB]),
        ),
    ],
)  # fmt: skip
def test_documents_that_are_fine(text: str, expected: Rule) -> None:
    assert rule(text) == expected
    assert rule(text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "camera: a\nthread: 2", r"^rule.yaml:2: unknown key 'thread': did you mean 'threads'\?",
            id="a misspelt key",
        ),
        pytest.param(
            "camera: a\nzzz: 2", r"^rule.yaml:2: unknown key 'zzz': known: camera, rate_hz, thr",
            id="a key like no other",
        ),
        pytest.param(
            "camera: a\nwindow:\n  name: b\n  begins: c",
            r":4: unknown key 'begins': did you mean 'begin'",
            id="in a nested document",
        ),
        pytest.param(
            "camera: a\nwindows:\n- {name: a, begin: b}\n- {name: a, begin: b,\n   day: []}",
            r":5: unknown key 'day': did you mean 'days'", id="in a list",
        ),
        pytest.param(
            "camera: a\npair:\n- {name: a, begin: b,\n   end: c}\n- 1", r":4: unknown key 'end'",
            id="in a tuple of different types",
        ),
        pytest.param(
            "camera: a\nlimits:\n  speed:\n    nam: b",
            r":4: unknown key 'nam': did you mean 'name'",
            id="in a mapping",
        ),
        pytest.param(
            "camera: a\n'1': b", r":2: unknown key '1'", id="a number as a key",
        ),
        pytest.param(
            "camera: a\nmode: every\ncamera: b",
            r"^rule.yaml:3: the key 'camera' stands twice: keep one of them",
            id="a duplicate key",
        ),
        pytest.param(
            "camera: a\nwindow: {name: a, begin: b,\n name: c}", r":3: the key 'name' stands twice",
            id="a duplicate in a nested document",
        ),
        pytest.param("camera: a\nthreads: two", r":2: threads: Expected `int`, got `str`"),
        pytest.param("camera: a\nthreads: 2.0", r":2: threads: Expected `int`, got `float`"),
        pytest.param("camera: a\nthreads: '2'", r":2: threads: Expected `int`, got `str`"),
        pytest.param("camera: a\nthreads: true", r":2: threads: Expected `int`, got `bool`"),
        pytest.param("camera: a\nenabled: 1", r":2: enabled: Expected `bool`, got `int`"),
        pytest.param("camera: 7", r":1: camera: Expected `str`, got `int`"),
        pytest.param("camera: 2026-11-23", r":1: camera: Expected `str`, got `date", id="a date"),
        pytest.param("camera: a\nwindow: b", r":2: window: Expected `object \| null`, got `str`"),
        pytest.param("camera: a\nwindows: {}", r":2: windows: Expected `array`, got `object`"),
        pytest.param("camera: a\nwindows:\n- {name: a, begin: b}\n- 5", r":4: windows\[1\]: "),
        pytest.param("camera: a\nmode: never", r":2: mode: Invalid enum value 'never'"),
        pytest.param("camera: a\nlight: dusk", r":2: light: Invalid enum value 'dusk'"),
        pytest.param("camera: a\nbounds: [1]", r":2: bounds: Expected `array` of length 2, got 1"),
        pytest.param("camera: a\nbounds: [1, 2, 3]", r":2: bounds: Expected `array` of length 2"),
        pytest.param("threads: 2", r"^rule.yaml:1: Object missing required field `camera`"),
        pytest.param("camera: a\nwindow:\n  name: b", r":3: window: .* required field `begin`"),
        pytest.param("- camera", r":1: Expected `object`, got `array`", id="a list"),
        pytest.param("camera", r":1: Expected `object`, got `str`", id="a word"),
        pytest.param("~", r":1: Expected `object`, got `null`", id="null"),
        pytest.param("camera: {<<: {a: b}}", r":1: camera: Expected `str`", id="a merge key"),
        pytest.param(r'camera: "\ud800"', "^rule.yaml: expected text, got a lone surrogate"),
        pytest.param("? [a]\n: b", r"^rule.yaml:1: keys must be plain text", id="a list as a key"),
    ],
)  # fmt: skip
def test_what_breaks_the_schema_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        rule(text)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("22:00", 'YAML reads the unquoted 22:00 as a number in base 60: write "22:00"'),
        ("7:30", "base 60"),
        ("1:30:00", "base 60"),
        ("22:00.5", "base 60"),
        ("no", 'YAML reads the unquoted no as true or false: write true, false, or "no"'),
        ("yes", "true or false"),
        ("On", "true or false"),
        ("OFF", "true or false"),
        ("010", 'as a number in base 8: write it without the leading zero, or "010"'),
        (".nan", "expected a finite number, got .nan"),
        (".inf", "expected a finite number, got .inf"),
        ("-.INF", "expected a finite number, got -.INF"),
        ("2026-13-45", "month must be in 1..12"),
        ("9" * 5000, "Exceeds the limit"),
        ("!!python/object/apply:os.getcwd x", "could not determine a constructor"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["rate_hz: {}", "window: {{name: {}}}", "windows: [{}]"])
def test_the_traps_of_yaml_are_refused_wherever_they_stand(
    word: str, message: str, place: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^rule.yaml:2: .*{message}"):
        rule(f"camera: a\n{place.format(word)}")


@pytest.mark.parametrize(
    "text",
    [
        "camera: [",
        "camera: a\n\tthreads: 1",
        "camera: 'a",
        "camera: *nowhere",
        "camera: a\n---\ncamera: b",
        "%YAML 9.9\n---\n- @",
        b"camera: \xff\xfe",
        b"\xff\xfec\x00a\xd8",
        b"camera: \x00",
    ],
    ids=[
        "an open bracket", "a tab", "an open quote", "an alias of nothing", "two documents",
        "a reserved character", "not UTF-8", "cut UTF-16", "a zero byte",
    ],
)  # fmt: skip
def test_what_is_not_yaml_is_an_error_that_names_the_file(text: str | bytes) -> None:
    with pytest.raises(ConfigError, match=r"^rule.yaml: not valid YAML: \S") as caught:
        rule(text)
    assert "\n" not in str(caught.value)


BOMBS = {
    "nine aliases of nine aliases": "a0: &a0 [x]\n"
    + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
    "aliases whose paths coincide": "a:\n- &m0 {b: 1}\n"
    + "".join(f"- &m{i} {{a: *m{i - 1}, a.a: *m{i - 1}}}\n" for i in range(1, 40)),
    "an alias of itself": "a: &a [*a]",
    "twenty thousand brackets": "[" * 20_000,
    "brackets that close": "[" * 400 + "]" * 400,
    "ten thousand dashes": "- " * 10_000,
    "ten thousand question marks": "? " * 10_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match=r"rule.yaml"):
        rule(text)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing yet\n"])
def test_an_empty_file_means_all_defaults(tmp_path: Path, content: bytes) -> None:
    @dataclass(frozen=True)
    class Settings:
        threads: int = 2

    path = tmp_path / "empty.yaml"
    path.write_bytes(content)
    assert read_yaml(path, Settings) == Settings()


def test_an_empty_file_does_not_excuse_a_required_key(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.touch()
    with pytest.raises(ConfigError, match=r"empty.yaml: Object missing required field `camera`"):
        read_yaml(path, Rule)


def test_files_are_read_and_named(tmp_path: Path) -> None:
    path = tmp_path / "front.yaml"
    path.write_text("camera: front\n")
    assert read_yaml(path, Rule) == Rule("front")
    path.write_text("camera: front\nfps: 3\n")
    with pytest.raises(ConfigError, match=rf"^{path}:2: unknown key 'fps'"):
        read_yaml(path, Rule)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.yaml: cannot be read: No such file"):
        read_yaml(tmp_path / "absent.yaml", Rule)
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        read_yaml(tmp_path, Rule)


def test_a_huge_file_is_refused_without_being_parsed(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(
        ConfigError, match=r"expected at most 1000000 bytes: is this the right file"
    ):
        read_yaml(path, Rule)
    path.write_bytes(b"camera: a #" + b"#" * (MAX_BYTES - 11))
    assert read_yaml(path, Rule) == Rule("a")


def test_json_becomes_its_dataclass() -> None:
    text = b'{"camera": "front", "windows": [{"name": "a", "begin": "b", "days": ["mon"]}]}'
    assert parse_json(text, Rule, "rule.json") == Rule(
        "front", windows=[Window("a", "b", ("mon",))]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"camera": "a", "thread": 1}', "^rule.json: unknown key 'thread': did you mean"),
        (b'{"camera": "a", "threads": "1"}', "^rule.json: threads: Expected `int`, got `str`"),
        (b'{"camera": "a", "camera": "b"}', "not valid JSON: the key 'camera' stands twice"),
        (b'{"camera": "a", "window": {"name": 1, "name": 2}}', "the key 'name' stands twice"),
        (b'{"camera": "a", "rate_hz": NaN}', "NaN is not a number of JSON"),
        (b'{"camera": "a", "rate_hz": -Infinity}', "-Infinity is not a number of JSON"),
        (b'{"camera": "a", "rate_hz": 1e999}', "1e999 is too large a number"),
        (b'{"camera": "a", "threads": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"camera": "\\ud800"}', "^rule.json: expected text, got a lone surrogate"),
        (b'{"camera": "a", "\\udfff": 1}', "^rule.json: expected text, got a lone surrogate"),
        (b'{"camera": "a"', "not valid JSON: Expecting ',' delimiter"),
        (b"", "not valid JSON: Expecting value"),
        (b'{"camera": "\xff"}', "not valid JSON: .*can't decode byte 0xff"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"a":' * 100_000, "not valid JSON"),
        (b"[]", "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
    ],
)  # fmt: skip
def test_json_that_breaks_the_rules_is_an_error(text: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_json(text, Rule, "rule.json")


def test_a_duplicate_among_very_many_keys_is_found_at_once() -> None:
    keys = ",".join(f'"k{i}": 0' for i in range(200_000))
    with pytest.raises(ConfigError, match="the key 'k199999' stands twice"):
        load_json(f'{{{keys}, "k199999": 1}}'.encode(), "many.json")


def test_json_without_a_schema_stays_plain() -> None:
    plain: Any = load_json(b'{"a": [1, 2.5, null, true, "x"]}', "a.json")
    assert plain == {"a": [1, 2.5, None, True, "x"]}
