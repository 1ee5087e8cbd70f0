"""Reports: one file that holds all it shows, safe whatever the text, and the same every time."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from belisha.plots import Axis, Series, xy_plot
from belisha.report import (
    Details,
    Facts,
    Figure,
    Picture,
    Report,
    Section,
    Table,
    Text,
    Verdict,
    Video,
    render,
    write_report,
)

PNG = b"\x89PNG\r\n\x1a\n"


def page(*blocks: object) -> str:
    return render(Report("Title", "In short.", (Section("Part", blocks),)))  # type: ignore[arg-type]


def test_a_report_needs_nothing_from_outside() -> None:
    plot = xy_plot([Series("own", [1, 2], [1, 2])], Axis("time", "ms"), Axis("AP50"))
    html = page(Figure(plot), Picture(PNG, "a street"), Video(b"webm"), Text("text"))
    sources = re.findall(r"""\b(?:src|href)=["']([^"']*)""", html)
    assert len(sources) == 2
    assert all(source.startswith("data:") for source in sources)
    assert "@import" not in html
    assert "url(" not in html


def test_pictures_and_videos_travel_inside() -> None:
    html = page(Picture(PNG, "a street", "seen at noon"), Video(b"webm"))
    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in html
    assert f"data:video/webm;base64,{base64.b64encode(b'webm').decode()}" in html
    assert 'alt="a street"' in html
    assert "<figcaption>seen at noon</figcaption>" in html


@pytest.mark.parametrize(
    "block",
    [
        Text("<b>"),
        Verdict(True, "<b>"),
        Table(("<b>",), (("<b>",),), "<b>"),
        Facts({"<b>": "<b>"}),
        Figure("<svg></svg>", "<b>"),
        Picture(PNG, '"<b>', "<b>"),
        Details("<b>", (Text("<b>"),)),
    ],
)
def test_no_text_can_become_markup(block: object) -> None:
    assert "<b>" not in page(block).replace("<b>✓</b>", "")


def test_it_adapts_to_phones_darkness_and_paper() -> None:
    html = page()
    assert 'name="viewport"' in html
    assert "prefers-color-scheme:dark" in html
    assert "@media print" in html


def test_a_verdict_may_be_open() -> None:
    kinds = [re.search(r"verdict (\w+)", page(Verdict(good, "x"))) for good in (True, False, None)]
    assert [kind and kind[1] for kind in kinds] == ["good", "bad", "open"]


def test_a_row_of_the_wrong_length_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="rows of 2 cells"):
        Table(("a", "b"), (("1",),))


def test_equal_reports_are_equal_files(tmp_path: Path) -> None:
    report = Report("Title", "In short.", (Section("Part", (Text("text"),)),))
    write_report(tmp_path / "a.html", report)
    write_report(tmp_path / "b.html", report)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
