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
}
