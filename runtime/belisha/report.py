"""The one frame of all HTML reports: one file, no outside asset, for phone, desk and paper.

write_report(path, Report("Demo", "Found 41 of 48 people.", (
    Section("Latency", (Figure(xy_plot(...)), Table(("stage", "p50"), rows))),
)))
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from html import escape
from pathlib import Path

from belisha.bundle import write_whole


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Verdict:
    """One sentence that decides something; `good` is nothing where it cannot be decided."""

    good: bool | None
    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text; columns after the first stand to the right if they hold numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    def __post_init__(self) -> None:
        odd = [row for row in self.rows if len(row) != len(self.columns)]
        if odd:
            raise ValueError(f"expected rows of {len(self.columns)} cells, got {odd[0]!r}")


@dataclass(frozen=True)
class Facts:
    """Names and values, such as a machine's."""

    facts: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A plot of `belisha.plots`, an `<svg>` element."""

    svg: str
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A PNG or JPEG, which travels inside the page."""

    data: bytes
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Video:
    """A WebM, which travels inside the page."""

    data: bytes
    caption: str = ""


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away until somebody wants them."""

    title: str
    blocks: Sequence[Block]


Block = Text | Verdict | Table | Facts | Figure | Picture | Video | Details


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """A page.

    Attributes:
        title: heading of the page.
        summary: what a person in a hurry should read.
        sections: in order.
    """

    title: str
    summary: str
    sections: Sequence[Section]


def write_report(path: Path, report: Report) -> None:
    """Write the page; it appears whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(path, render(report).encode())


def render(report: Report) -> str:
    """The page as HTML."""
    sections = "".join(_section(section) for section in report.sections)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(report.title)}</h1><p class=summary>{escape(report.summary)}</p>"
        f"{sections}</main></body></html>\n"
    )


def _section(section: Section) -> str:
    blocks = "".join(_block(block) for block in section.blocks)
    return f"<section><h2>{escape(section.title)}</h2>{blocks}</section>"


@singledispatch
def _block(block: Block) -> str:
    """A block as HTML."""
    raise TypeError(f"expected a block of belisha.report, got {type(block).__name__}")


@_block.register
def _text(block: Text) -> str:
    return f"<p>{escape(block.text)}</p>"


@_block.register
def _verdict(block: Verdict) -> str:
    kind, sign = {True: ("good", "✓"), False: ("bad", "✗"), None: ("open", "?")}[block.good]
    return f'<p class="verdict {kind}"><b>{sign}</b> {escape(block.text)}</p>'


@_block.register
def _table(block: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in block.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in block.rows)
    caption = f"<caption>{escape(block.caption)}</caption>" if block.caption else ""
    return (
        f"<div class=wide><table>{caption}<thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    number = text.lstrip("+-.≥≤<> ")[:1].isdigit() or text in ("-", "")
    return f"<td{' class=number' if number else ''}>{escape(text)}</td>"


@_block.register
def _facts(block: Facts) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in block.facts.items()
    )
    return f"<dl>{rows}</dl>"


@_block.register
def _figure(block: Figure) -> str:
    return f"<figure>{block.svg}{_caption(block.caption)}</figure>"


@_block.register
def _picture(block: Picture) -> str:
    kind = "png" if block.data.startswith(b"\x89PNG") else "jpeg"
    return (
        f'<figure><img alt="{escape(block.alt)}" src="data:image/{kind};base64,'
        f'{base64.b64encode(block.data).decode()}">{_caption(block.caption)}</figure>'
    )


@_block.register
def _video(block: Video) -> str:
    return (
        '<figure><video controls muted loop playsinline preload=auto src="data:video/webm;base64,'
        f'{base64.b64encode(block.data).decode()}"></video>{_caption(block.caption)}</figure>'
    )


@_block.register
def _details(block: Details) -> str:
    blocks = "".join(_block(inner) for inner in block.blocks)
    return f"<details><summary>{escape(block.title)}</summary>{blocks}</details>"


def _caption(text: str) -> str:
    return f"<figcaption>{escape(text)}</figcaption>" if text else ""


_STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#1d2126;--soft:#5c6670;--rule:#dde2e7;
--good:#1f7a45;--bad:#b3261e;--open:#8a6100;--hue0:#2f6fb3;--hue1:#d0602d;--hue2:#2f8f5b;
--hue3:#8a55b5;--hue4:#b8912a;--hue5:#4a4f57}
@media (prefers-color-scheme:dark){:root{--page:#15181c;--ink:#e4e8ec;--soft:#9aa5b0;--rule:#30363d;
--good:#58c58a;--bad:#ff8a80;--open:#e0b354;--hue0:#6ea8e6;--hue1:#f0905f;--hue2:#63c792;
--hue3:#bd93e0;--hue4:#dcbb63;--hue5:#aab2bb}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:56rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.15rem;margin:2.2rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--rule)}
.summary{font-size:1.1rem;color:var(--soft)}
figure{margin:1rem 0}
figcaption,caption{color:var(--soft);font-size:.875rem;text-align:left;padding:.3rem 0}
img,video,svg{display:block;width:100%;height:auto}
img,video{border-radius:6px;background:#000}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.93rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--rule);white-space:nowrap}
th{font-weight:600;color:var(--soft)}
td.number{text-align:right;font-variant-numeric:tabular-nums}
thead th:not(:first-child){text-align:right}
td:first-child,td:first-child.number{text-align:left;white-space:normal}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.93rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.verdict{padding:.5rem .8rem;border-left:4px solid;border-radius:3px}
.verdict.good{color:var(--good)}.verdict.bad{color:var(--bad)}.verdict.open{color:var(--open)}
summary{cursor:pointer;color:var(--soft);padding:.4rem 0}
@media (max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media print{:root{--page:#fff;--ink:#000;--soft:#444;--rule:#bbb}main{max-width:none;padding:0}
h2{break-after:avoid}figure,table{break-inside:avoid}video{display:none}}
"""
