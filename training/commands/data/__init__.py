"""The commands of `python -m training data`, one file each."""

from __future__ import annotations

from belisha.cli.dispatch import Command

COMMANDS = {
    "ingest": Command("training.commands.data.ingest", "take data sets into a store"),
    "versions": Command("training.commands.data.versions", "the versions that a store holds"),
    "split": Command("training.commands.data.split", "deal to train, validation and sealed test"),
    "leaks": Command("training.commands.data.leaks", "what one split knows of another"),
    "seal": Command("training.commands.data.seal", "who has looked at the test split, and why"),
    "refresh-test": Command("training.commands.data.refresh_test", "renew a spent test split"),
    "calibration": Command("training.commands.data.calibration", "frames to calibrate INT8 on"),
    "coverage": Command("training.commands.data.coverage", "what is there, and what to collect"),
    "diagnose": Command("training.commands.data.diagnose", "learnt, or learnt by heart?"),
    "tasks": Command("training.commands.data.tasks", "images to annotate, pre-labelled"),
    "consensus": Command("training.commands.data.consensus", "one truth of several answers"),
    "panel-check": Command("training.commands.data.panel_check", "the panel on known errors"),
    "report": Command("training.commands.data.report", "one page about a version"),
}
