"""`python -m training COMMAND`: the factory's first stage on the command line."""

from __future__ import annotations

import sys

from belisha.cli.dispatch import Command, Group, dispatch
from training.commands.data import COMMANDS as DATA_COMMANDS

COMMANDS: dict[str, Command | Group] = {
    "train": Command("training.commands.train", "train a detector from a configuration file"),
    "average": Command("training.commands.average", "the mean of several checkpoints' weights"),
    "evaluate": Command("training.commands.evaluate", "measure a bundle on a data set"),
    "errors": Command(
        "training.commands.errors", "why people are missed and boxes are wrong, and what it costs"
    ),
    "ablate": Command("training.commands.ablate", "what is each change of a recipe worth?"),
    "teach": Command("training.commands.teach", "answers of public detectors, to learn from"),
    "find": Command(
        "training.commands.find", "people that public detectors find on enlarged parts"
    ),
    "data": Group(DATA_COMMANDS, "data that can be trusted: take in, keep, split, look at"),
    "scenes": Command("training.commands.scenes", "render streets with exact truth"),
}


def main() -> int:
    """Run the command that the arguments name."""
    return dispatch("python -m training", __doc__ or "", COMMANDS, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
