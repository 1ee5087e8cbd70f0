"""The engine is judged by what it finds."""

from __future__ import annotations

from belisha.detector import Detector
from belisha.doctor.engine import examine_engine
from belisha.errors import EngineError


def test_the_shipped_detector_is_well_here() -> None:
    engine, *others = examine_engine(Detector.open)
    assert (engine.about, engine.state) == ("engine", "ok")
    assert "onnxruntime" in engine.text
    golden = others[-1]
    assert (golden.about, golden.state) == ("golden frames", "ok")


def test_an_engine_that_does_not_load_is_trouble_in_its_own_words() -> None:
    def broken() -> Detector:
        raise EngineError("the library is for another processor")

    (finding,) = examine_engine(broken)
    assert (finding.state, finding.text) == ("trouble", "the library is for another processor")
