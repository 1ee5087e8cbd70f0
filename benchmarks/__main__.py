"""`python -m benchmarks COMMAND`: what a detector costs, and what the others cost."""

from __future__ import annotations

import sys

from belisha.cli.dispatch import Command, dispatch

COMMANDS = {
    "peers": Command("benchmarks.commands.peers", "detectors side by side, in one run"),
    "page": Command("benchmarks.commands.page", "what the service's page takes from the loop"),
    "capacity": Command("benchmarks.commands.capacity", "does this box hold N frames a second?"),
    "roofline": Command("benchmarks.commands.roofline", "which layers waste time on this machine"),
    "compare": Command("benchmarks.commands.compare", "two results: faster, slower, or the same"),
    "tracking": Command(
        "benchmarks.commands.tracking", "identities on rendered drives, beside others"
    ),
    "service": Command("benchmarks.commands.service", "the whole service at a camera's pace"),
    "endurance": Command("benchmarks.commands.endurance", "hours of service in minutes"),
    "faults": Command("benchmarks.commands.faults", "break what may break around the service"),
    "stops": Command("benchmarks.commands.stops", "how long the service takes to end, and why"),
    "loadgen": Command("benchmarks.commands.loadgen", "cross-check with MLPerf's load generator"),
}


def main() -> int:
    """Run the command that the arguments name."""
    return dispatch("python -m benchmarks", __doc__ or "", COMMANDS, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
