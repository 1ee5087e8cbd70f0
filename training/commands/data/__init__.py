"""The commands of `python -m training data`, one file each."""

from __future__ import annotations

from belisha.cli.dispatch import Command

_ROOM = "training.commands.data"

COMMANDS = {
    "ingest": Command(f"{_ROOM}.ingest", "take data sets into a store, as a new version"),
    "versions": Command(f"{_ROOM}.versions", "the versions that a store holds"),
    "show": Command(f"{_ROOM}.show", "what a version holds, and what was dropped on the way"),
    "query": Command(f"{_ROOM}.query", "count or list the images that meet conditions"),
    "diff": Command(f"{_ROOM}.diff", "what changed between two versions"),
    "check": Command(f"{_ROOM}.check", "compare every image of a store with its digest"),
    "export": Command(f"{_ROOM}.export", "write a version as COCO or YOLO"),
    "shards": Command(f"{_ROOM}.shards", "write a version as tar shards, to be moved"),
    "receive": Command(f"{_ROOM}.receive", "take shards into a store"),
    "cache": Command(f"{_ROOM}.cache", "decode a version's pictures once, for training"),
    "speed": Command(f"{_ROOM}.speed", "images a second from files, shards and cache"),
    "growth": Command(f"{_ROOM}.growth", "how the cost of a manifest grows with its rows"),
    "split": Command(f"{_ROOM}.split", "deal to train, validation and sealed test"),
    "duplicates": Command(f"{_ROOM}.duplicates", "pictures of two drives nearly the same"),
    "leaks": Command(f"{_ROOM}.leaks", "what one split knows of another"),
    "seal": Command(f"{_ROOM}.seal", "who has looked at the test split, and why"),
    "refresh-test": Command(f"{_ROOM}.refresh_test", "renew a spent test split"),
    "calibration": Command(f"{_ROOM}.calibration", "frames to calibrate INT8 on"),
    "coverage": Command(f"{_ROOM}.coverage", "what is there, and what to collect"),
    "diagnose": Command(f"{_ROOM}.diagnose", "learnt, or learnt by heart?"),
    "tasks": Command(f"{_ROOM}.tasks", "images to annotate, pre-labelled"),
    "consensus": Command(f"{_ROOM}.consensus", "one truth of several answers"),
    "panel-check": Command(f"{_ROOM}.panel_check", "the panel on known errors"),
    "report": Command(f"{_ROOM}.report", "one page about a version"),
}
