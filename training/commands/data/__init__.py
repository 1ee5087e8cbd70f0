"""The commands of `python -m training data`, one file each."""

from __future__ import annotations

from belisha.cli.dispatch import Command

COMMANDS = {
    "ingest": Command("training.commands.data.ingest", "take data sets into a store"),
    "versions": Command("training.commands.data.versions", "the versions that a store holds"),
}
