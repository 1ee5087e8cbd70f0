"""What ships with the wheel: the champion's bundle, and a drive with its truth to try it on."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

BUNDLE = _HERE / "champion.bundle"
"""The detector that is used where no other is named."""
CLIP, TRUTH = _HERE / "demo.webm", _HERE / "demo_truth.json"
"""A rendered drive of ten seconds, and what is in it; see `belisha.demo`."""
