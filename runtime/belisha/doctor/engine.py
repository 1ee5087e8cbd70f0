"""Does the detector run, on the engine that it should, and find what it must?"""

from __future__ import annotations

from collections.abc import Callable

from belisha.detector import Detector
from belisha.doctor.finding import Finding
from belisha.errors import BelishaError
from belisha.golden import check_golden


def examine_engine(open_detector: Callable[[], Detector]) -> tuple[Finding, ...]:
    """Load the detector and run its golden frames.

    Args:
        open_detector: loads what the service would.
    """
    try:
        with open_detector() as detector:
            return (_engine(detector), *_passed_over(detector), _golden(detector))
    except BelishaError as error:
        return (Finding("engine", "trouble", str(error), "belisha check says more"),)


def _engine(detector: Detector) -> Finding:
    info = detector.info
    words = (
        f"{info.name} runs on {info.engine.library}, {info.engine.device}, {info.engine.flavour}"
    )
    return Finding("engine", "ok", words)


def _passed_over(detector: Detector) -> list[Finding]:
    return [
        Finding("engine", "note", f"{name} could not be used: {reason}", "it runs, but slower")
        for name, reason in detector.info.passed_over
    ]


def _golden(detector: Detector) -> Finding:
    verdicts = check_golden(detector)
    failed = [verdict.file for verdict in verdicts if not verdict.passed]
    if failed:
        return Finding(
            "golden frames", "trouble", f"{len(failed)} of {len(verdicts)} fail here: {failed[0]}",
            "do not drive with this; send what 'belisha check --json' says to whoever made it",
        )  # fmt: skip
    if not verdicts:
        return Finding("golden frames", "note", "the bundle has none", "export it with --golden")
    return Finding("golden frames", "ok", f"{len(verdicts)} of {len(verdicts)} found as exported")
