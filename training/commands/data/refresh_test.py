"""How to renew a test set that was looked at too often; with --apply, renew it.

Examples:
  python -m training data refresh-test
  python -m training data refresh-test --version v5 --apply --who Ada --reason '20 looks are spent'

Take new drives in first (data ingest): only sequences that no earlier split held, and that no
near-duplicate ties to one, can make a new test set. With --apply the version, which must have no
split yet, gets one: the new sequences become its test split, the spent test set goes to train, all
else stays where it was; and the seal begins to count anew. Models that were trained on the new
version cannot be compared with older ones on the old test set: say both figures.
"""

from __future__ import annotations

import argparse

from belisha.cli.dispatch import Outcome
from belisha.errors import DatasetError, UsageError
from training.commands.data.store_option import add_version_options
from training.data.look import look_at
from training.data.refresh import Refresh, propose_refresh
from training.data.seal import Seal
from training.data.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add_version_options(parser)
    parser.add_argument("--apply", action="store_true", help="do it")
    parser.add_argument("--who", default="", metavar="NAME", help="kept in the log")
    parser.add_argument("--reason", default="", metavar="TEXT", help="kept in the log")


def run(arguments: argparse.Namespace) -> Outcome:
    """Propose, tell, perhaps do."""
    if arguments.apply and not (arguments.who.strip() and arguments.reason.strip()):
        raise UsageError("--apply: expected --who and --reason: they are kept in the log")
    with Store.open(arguments.store) as store:
        version = store.version(arguments.version)
        used = {
            sha256: split for other in store.versions() for sha256, split in other.splits().items()
        }
        look = look_at(store, version)
        proposal = propose_refresh(look.records, look.pairs, used)
        seal = Seal(store.path)
        print(f"{seal.state()}")
        print(describe(proposal, version.name))
        if arguments.apply:
            if not proposal.fresh:
                raise DatasetError("there is nothing to renew the test set with")
            version.assign(proposal.assignment)
            state = seal.renew(arguments.who, arguments.reason, version.name, version.fingerprint)
            print(f"renewed; {state}, head {state.head}")
    return Outcome(
        {
            "version": version.name,
            "retire": len(proposal.retire),
            "fresh": len(proposal.fresh),
            "groups": proposal.groups,
            "enough": proposal.enough,
        }
    )


def describe(proposal: Refresh, version: str) -> str:
    """What people read."""
    lines = [
        f"{version} has {len(proposal.fresh)} images in {proposal.groups} groups that no split has "
        f"held; the test set of now has {len(proposal.retire)}"
    ]
    if proposal.enough:
        lines.append("that is enough: --apply makes them the test set, and the old one train")
    else:
        wanted = max(len(proposal.retire) // 2 - len(proposal.fresh), 1)
        lines.append(
            f"that is too few: record new drives (at least {wanted} more images, in conditions as "
            "'data coverage' names them), take them in with 'data ingest', and ask again"
        )
    return "\n".join(lines)
