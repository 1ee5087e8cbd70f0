"""In the virtual Jetson, instead of its systemd: verifies the activity log, then writes to it.

Until the power goes. The console says what was found and, after each entry, how many there are.
"""

from __future__ import annotations

import time
from pathlib import Path

from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Second
from belisha.service.activity_reader import Verifier, until_damage

LOG = Path("/var/lib/belisha/power.db")
PAUSE_S = 0.1


def main() -> None:
    """Verify, then write."""
    verifier = Verifier(name=LOG.name)
    if LOG.exists():
        for row in until_damage(LOG, verifier):
            verifier.take(row)
    found = verifier.result()
    aside = len(list(LOG.parent.glob(f"{LOG.name}.damaged-*")))
    print(f"FOUND {found.head.seq} {'whole' if found.whole else 'broken'} {aside}", flush=True)
    log, told = ActivityLog(LOG, limit_bytes=4_000_000), 0
    while True:
        log.add_second(Second(captured=30, processed=30, bundle="champion", engine="onnxruntime"))
        time.sleep(PAUSE_S)
        if log.state.head.seq != told:
            told = log.state.head.seq
            print(f"WROTE {told}", flush=True)


if __name__ == "__main__":
    main()
