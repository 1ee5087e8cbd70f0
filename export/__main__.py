"""`python -m export COMMAND`: from a checkpoint or a foreign model to a bundle."""

from __future__ import annotations

import sys

from belisha.cli.dispatch import Command, dispatch

COMMANDS = {
    "build": Command("export.commands.build", "make a bundle of a checkpoint, in all flavours"),
    "adopt": Command("export.commands.adopt", "make a bundle of a foreign detector's ONNX file"),
    "plan": Command("export.commands.plan", "make a quantisation plan: what does each layer cost?"),
    "tune": Command("export.commands.tune", "fine-tune in the plan's integers, if they cost much"),
    "lint": Command("export.commands.lint", "check INT8 flavours against the rules of engines"),
    "oracle": Command("export.commands.oracle", "which convolutions does TensorRT make INT8?"),
    "compile": Command("export.commands.compile", "build a bundle's TensorRT engine on this host"),
    "flavours": Command("export.commands.flavours", "what does INT8 cost, and whom?"),
    "parity": Command("export.commands.parity", "does each flavour find what torch finds?"),
    "compare": Command("export.commands.compare", "two bundles on the same frames, paired"),
    "register": Command("export.commands.register", "take a bundle into the registry"),
    "registry": Command("export.commands.registry", "the champion, its challengers, the history"),
    "promote": Command("export.commands.promote", "make a challenger the champion, by rule"),
    "rollback": Command("export.commands.rollback", "give the former champion its place back"),
}


def main() -> int:
    """Run the command that the arguments name."""
    return dispatch("python -m export", __doc__ or "", COMMANDS, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
