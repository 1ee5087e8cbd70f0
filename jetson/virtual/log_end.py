"""In the virtual Jetson: number and UTC seconds of the log's last entry before a moment.

Usage: python3 log_end.py UTC_SECONDS
"""

import json
import sqlite3
import sys
from datetime import datetime

LOG = "/var/lib/belisha/activity.db"

moment = float(sys.argv[1])
seq, written, body = 0, 0.0, "none at all"
rows = sqlite3.connect(f"file:{LOG}?mode=ro", uri=True).execute(
    "SELECT seq, body FROM log ORDER BY seq DESC"
)
for seq, body in rows:
    written = datetime.fromisoformat(json.loads(body)["utc"]).timestamp()
    if written <= moment:
        print(seq, f"{written:.1f}")
        break
else:
    raise SystemExit(f"no entry up to {moment}; the first is {seq}, of {written}: {body}")
