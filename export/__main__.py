"""`python -m export COMMAND`: from a checkpoint or a foreign model to a bundle."""

from __future__ import annotations

import sys

from belisha.cli.dispatch import Command, dispatch

COMMANDS = {
    "build": Command("export.commands.build", "make a bundle of a checkpoint, in all flavours"),
    "adopt": Command("export.commands.adopt", "make a bundle of a foreign detector's ONNX file"),
    "compile": Command("export.commands.compile", "build a bundle's TensorRT engine on this host"),
    "flavours": Command("export.commands.flavours", "what does INT8 cost, and whom?"),
}


def main() -> int:
    """Run the command that the arguments name."""
    return dispatch("python -m export", __doc__ or "", COMMANDS, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
