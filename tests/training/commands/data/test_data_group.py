"""`python -m training data`: commands of their own under one name."""

from __future__ import annotations

import pytest

from belisha.cli.dispatch import dispatch
from training.__main__ import COMMANDS
from training.commands.data import COMMANDS as DATA_COMMANDS


@pytest.mark.parametrize(("arguments", "code"), [(["data", "--help"], 0), (["data"], 2)])
def test_the_overview_names_each_command(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    assert dispatch("python -m training", "", COMMANDS, arguments) == code
    overview = capsys.readouterr().out
    assert "usage: python -m training data COMMAND" in overview
    assert all(name in overview for name in DATA_COMMANDS)


def test_an_unknown_command_is_answered_with_those_that_are_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dispatch("python -m training", "", COMMANDS, ["data", "ingets"]) == 2
    assert "python -m training data: no command 'ingets'; known: ingest" in capsys.readouterr().err


@pytest.mark.parametrize("name", DATA_COMMANDS)
def test_each_command_teaches_by_example(capsys: pytest.CaptureFixture[str], name: str) -> None:
    with pytest.raises(SystemExit, match="0"):
        dispatch("python -m training", "", COMMANDS, ["data", name, "--help"])
    assert f"python -m training data {name}" in capsys.readouterr().out.partition("Example")[2]
