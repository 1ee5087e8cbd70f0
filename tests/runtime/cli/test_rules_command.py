"""`belisha rules` as its users meet it: lines to click on, exit codes, one JSON document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from belisha.cli import COMMANDS
from belisha.cli.dispatch import dispatch

EXAMPLES = Path(__file__).parents[3] / "runtime" / "examples" / "rules"
GOOD = """\
format: 1
bundles: {street: {}, night: {customers: [acme]}}
otherwise: {use: street}
rules:
  - {name: dark, when: {light: [dusk, night]}, use: night}
"""
SHADOWED = GOOD + "  - {name: late, when: {light: night, customer: acme}, use: street}\n"
DULL = GOOD + "  - {name: dull, when: {speed_kmh: {above: 50}}, use: street}\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    code = dispatch("belisha", "", COMMANDS, ["rules", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def written(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text)
    return path


def document(out: str) -> Any:
    return json.loads(out.rstrip("\n").rsplit("\n", 1)[-1])


def test_good_rules_pass(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "check", written(tmp_path, GOOD))
    assert code == 0
    assert "1 rules: 0 errors, 0 warnings" in out


def test_a_contradiction_fails_with_file_and_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, SHADOWED)
    code, out, _ = run(capsys, "check", path, "--json")
    assert code == 2
    assert f"{path}:6: error: 'late' contradicts 'dark' (line 5)" in out
    (file,) = document(out)["files"]
    assert [(one["line"], one["level"], one["rule"]) for one in file["findings"]] == [
        (6, "error", "late")
    ]


def test_a_warning_fails_only_when_strict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, DULL)
    assert run(capsys, "check", path)[0] == 0
    code, out, _ = run(capsys, "check", path, "--strict")
    assert code == 2
    assert f"{path}:6: warning: 'dull' changes nothing" in out


def test_one_broken_file_does_not_hide_the_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good = written(tmp_path, GOOD)
    broken = tmp_path / "broken.yaml"
    broken.write_text("format: 1\nbundels: {}\n")
    code, out, err = run(capsys, "check", broken, tmp_path / "gone.yaml", good)
    assert code == 2
    assert "broken.yaml:2: unknown key 'bundels': did you mean 'bundles'?" in err
    assert "gone.yaml: cannot be read" in err
    assert f"{good}: 1 rules: 0 errors" in out


def test_why_tells_the_decision_and_every_rules_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, SHADOWED)
    code, out, _ = run(capsys, "why", path, "light=night", "customer=acme", "--json")
    assert code == 0
    assert "night runs, by 'dark': light is dusk or night" in out
    assert "line 6    late  too late" in out
    told = document(out)
    assert (told["decision"]["bundle"], told["decision"]["rule"]) == ("night", "dark")


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        (["light=day"], "dark  not fulfilled: light is dusk or night (it is day)"),
        ([], "dark  unknown: light is dusk or night (it is absent)"),
        (["light=night"], "bundle 'night' is for others: customer is acme (it is absent)"),
        (["light=night", "customer=bus"], "customer is acme (it is bus)"),
        (["light=absent"], "otherwise: street"),
    ],
)
def test_why_names_what_is_missing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, signals: list[str], words: str
) -> None:
    code, out, _ = run(capsys, "why", written(tmp_path, GOOD), *signals)
    assert code == 0
    assert words in out


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        ("lihgt=day", "no signal 'lihgt'"),
        ("light", "expected signals as name=value"),
        ("light=dark", "light: expected day, dusk, night, got 'dark'"),
        ("speed_kmh=fast", "speed_kmh: expected a number, 0 to 400 km/h, got 'fast'"),
        ("speed_kmh=999", "speed_kmh: expected a number, 0 to 400 km/h"),
        ("time=25:00", "time: expected a time of day such as 22:10"),
        ("throttled=maybe", "throttled: expected yes or no"),
    ],
)
def test_a_wrong_signal_is_a_message(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, signal: str, message: str
) -> None:
    code, _, err = run(capsys, "why", written(tmp_path, GOOD), signal)
    assert code == 2
    assert message in err


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_of_the_manual_are_free_of_contradictions(
    capsys: pytest.CaptureFixture[str], path: Path
) -> None:
    code, out, _ = run(capsys, "check", path, "--json")
    assert code == 0
    findings = document(out)["files"][0]["findings"]
    assert all("no such bundle here" in finding["message"] for finding in findings)


def test_there_are_examples() -> None:
    assert len(list(EXAMPLES.glob("*.yaml"))) >= 3
