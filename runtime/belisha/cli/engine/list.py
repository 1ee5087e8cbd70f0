"""List the engines that were built, what for, and whether they fit this machine as it is now.

Examples:
  belisha engine list
  belisha engine list --json

Where BELISHA_CACHE, or CACHE_DIRECTORY in a systemd unit, or ~/.cache says.
"""

from __future__ import annotations

import argparse
import dataclasses

from belisha.cli.dispatch import Outcome
from belisha.engines.nvidia.cache import EngineCache, Entry, default_folder
from belisha.engines.nvidia.fingerprint import Machine, read_machine
from belisha.engines.tensorrt import open_site
from belisha.errors import BelishaError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(arguments: argparse.Namespace) -> Outcome:
    """One line an engine."""
    folder = default_folder()
    entries = EngineCache(folder).entries()
    here, reason = this_machine()
    print(f"{len(entries)} engines in {folder}" + (f"; none fits: {reason}" if reason else ""))
    for entry in entries:
        print(f"  {entry.path.name}  {words(entry, here)}")
    document = [
        {
            "path": str(entry.path),
            "fits": fits(entry, here),
            "problem": entry.problem,
            "record": dataclasses.asdict(entry.record) if entry.record else None,
        }
        for entry in entries
    ]
    return Outcome({"folder": str(folder), "engines": document})


def this_machine() -> tuple[Machine | None, str]:
    """The machine that an engine must fit; or why there can be none."""
    try:
        site = open_site()
    except BelishaError as error:
        return None, str(error)
    return read_machine(site.device, str(site.trt.__version__)), ""


def fits(entry: Entry, here: Machine | None) -> bool:
    """Whether the engine is whole and was built on a machine like this one."""
    return entry.record is not None and entry.record.fingerprint.machine == here


def words(entry: Entry, here: Machine | None) -> str:
    """What it is and what is wrong with it."""
    record = entry.record
    if record is None:
        return f"DAMAGED: {entry.problem}"
    machine = record.fingerprint.machine
    state = "fits" if fits(entry, here) else "for another machine"
    return (
        f"{record.name}, {record.bytes / 1e6:.1f} MB, {record.built}, {state}: {machine.gpu}, "
        f"TensorRT {machine.tensorrt}, CUDA {machine.cuda}"
        + (f", L4T {machine.l4t}" if machine.l4t else "")
    )
