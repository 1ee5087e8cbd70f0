"""What the service says reaches people a line at a time, and never makes it wait."""

from __future__ import annotations

import os
import time

from belisha.cli.serving import Spoken


def test_each_sentence_is_a_line_with_its_level() -> None:
    reader, writer = os.pipe()
    spoken = Spoken(writer)
    spoken("camera", "is well again")
    spoken("engine", "failed:\n  no memory\n  at all \udcff", "alarm")
    spoken.close()
    os.close(writer)
    with os.fdopen(reader) as said:
        assert said.read().splitlines() == [
            "camera: is well again",
            "engine: alarm: failed: no memory at all \\udcff",
        ]


def test_the_journal_gets_the_level_as_a_number() -> None:
    reader, writer = os.pipe()
    spoken = Spoken(writer, for_journal=True)
    spoken("rule", "night decides", "warning")
    spoken.close()
    os.close(writer)
    with os.fdopen(reader) as said:
        assert said.read() == "<4>rule: warning: night decides\n"


def test_a_reader_that_hangs_or_has_gone_costs_lines_and_no_time() -> None:
    reader, writer = os.pipe()
    spoken = Spoken(writer)
    begun = time.monotonic()
    for _ in range(2000):
        spoken("camera", "x" * 200)  # a pipe holds 64 kB
    assert time.monotonic() - begun < 1.0
    os.close(reader)
    spoken("camera", "nobody hears this, and nothing is raised")
    spoken.close()
    os.close(writer)
