"""The page of a build: is it as good, what changed, what is it made of, where is it from."""

from __future__ import annotations

import json
from collections import Counter

from belisha.plots import Axis, bar_plot
from belisha.report import (
    Block,
    Details,
    Facts,
    Figure,
    Picture,
    Report,
    Section,
    Table,
    Text,
    Verdict,
)
from export.build import LINEAGE, PLAN, Built, Draft
from export.graph_statistics import graph_statistics
from export.parity.tables import as_blocks, sentence
from export.plan import Cost, Plan
from export.score_page import score_blocks

_COSTS = ("scores", "overlap", "lost", "new")


def build_report(built: Built) -> Report:
    """The page."""
    draft = built.draft
    return Report(
        title=f"Building {draft.manifest.name}",
        summary=_summary(built),
        sections=(
            Section("Parity", as_blocks(draft.checked.parity)),
            Section("Detections that changed", _changed(draft)),
            Section("Scores and threshold", score_blocks(draft)),
            Section("Quantisation plan", _plan(draft)),
            Section("Rules and compiler", _inspection(draft)),
            Section("Graphs", _graphs(draft)),
            Section("Golden frames", _golden(built)),
            Section("Where it comes from", (_lineage(draft),)),
        ),
    )


def _summary(built: Built) -> str:
    parity = built.draft.checked.parity
    if built.bundle is None:
        return f"No bundle was made. {_capital(sentence(parity))}."
    size = sum(record.bytes for record in built.bundle.manifest.files.values())
    forced = "" if parity.passed else "FORCED. "
    return f"{forced}A bundle of {size / 1e6:.2f} MB. {_capital(sentence(parity))}."


def _changed(draft: Draft) -> list[Block]:
    """Close-ups by flavour."""
    sheets = draft.checked.sheets()
    pictures: list[Block] = [
        Picture(sheet, f"detections that changed in {flavour}", flavour)
        for flavour, sheet in sheets.items()
    ]
    same = [name for name in draft.checked.parity.agreements if name not in sheets]
    if same:
        pictures.append(Text(f"No detection changed in {', '.join(same)}."))
    return pictures


def _plan(draft: Draft) -> list[Block]:
    plan = draft.plan
    layers = Counter(layer.precision for layer in plan.layers.values())
    facts = {
        "convolutions": ", ".join(f"{count} in {name}" for name, count in layers.items()),
        "calibrated on": f"{plan.calibration.frames} training frames",
        "equalisation": plan.equalisation.reason,
    }
    return [
        Facts(facts),
        *_sensitivity(plan),
        Table(("all of it", *_COSTS), [(one.name, *_cost(one.cost)) for one in plan.trials]),
        Details("Every layer and every tensor", _plan_tables(plan)),
        Text(f"All of it travels in the bundle as {PLAN}; --plan gives it back."),
    ]


def _sensitivity(plan: Plan) -> list[Block]:
    """What each layer costs alone, the dearest first."""
    measured = {name: layer.cost for name, layer in plan.layers.items() if layer.cost}
    if not measured:
        return [Text("What each layer costs alone was not measured.")]
    names = sorted(measured, key=lambda name: -measured[name].total)
    bars = bar_plot(
        names,
        [measured[name].total for name in names],
        Axis("lost in scores and overlap, by INT8 in this layer alone"),
        title="Sensitivity of each layer",
    )
    return [Figure(bars, "Sensitivity: a share of a detection, seen at the network's outputs.")]


def _plan_tables(plan: Plan) -> list[Block]:
    layers = [
        (name, layer.precision, *(_cost(layer.cost) if layer.cost else "-" * 4), layer.reason)
        for name, layer in plan.layers.items()
    ]
    tensors = [
        (name, f"{tensor.scale:.6f}", tensor.observer, tensor.reason)
        for name, tensor in plan.tensors.items()
    ]
    return [
        Table(("layer", "precision", *_COSTS, "why"), layers),
        Table(("tensor", "step", "observer", "why"), tensors),
    ]


def _cost(cost: Cost) -> tuple[str, ...]:
    """For `_COSTS`."""
    return f"{cost.score:.4f}", f"{cost.overlap:.4f}", str(cost.lost), str(cost.new)


def _inspection(draft: Draft) -> list[Block]:
    """The rules, and the compiler's verdict by capability."""
    record = draft.oracle
    blocks: list[Block] = [
        Verdict(True, "Both INT8 flavours keep every rule of their engines."),
        Verdict(record.passed if record.ran else None, f"Compiler: {draft.manifest.compiler}"),
    ]
    rows = [
        (
            one.capability,
            f"{one.int8} of {one.convolutions}",
            f"{one.int8_of_macs:.2%}",
            str(one.input_kernels),
            str(one.between),
            str(one.output_kernels),
            ", ".join(one.float_layers) or "none",
        )
        for one in record.compilations
    ]
    names = ("GPU", "INT8", "of multiply-adds", "before", "among", "behind", "left in float")
    caption = "Elementwise kernels before, among and behind the convolutions."
    return [*blocks, Table(names, rows, caption)] if rows else blocks


def _graphs(draft: Draft) -> list[Block]:
    counted = {
        flavour: graph_statistics(draft.files[path])
        for flavour, path in draft.manifest.models.items()
    }
    rows = [
        (
            flavour,
            f"{one.bytes / 1e6:.2f}",
            str(sum(one.operators.values())),
            str(one.convolutions),
            str(one.operators.get("QLinearConv", 0)),
            f"{one.multiply_adds / 1e6:.1f}",
            f"{one.weights / 1e6:.3f}",
        )
        for flavour, one in counted.items()
    ]
    names = (
        "flavour",
        "MB",
        "nodes",
        "convolutions",
        "QLinearConv",
        "M multiply-adds",
        "M weights",
    )
    operators = dict.fromkeys(name for one in counted.values() for name in one.operators)
    kinds = [
        (name, *(str(one.operators.get(name, 0)) for one in counted.values())) for name in operators
    ]
    return [Table(names, rows), Table(("operator", *counted), kinds, "Nodes by operator.")]


def _golden(built: Built) -> list[Block]:
    if built.bundle is None:
        return [Text("Not made: there is no bundle.")]
    rows = [
        (
            verdict.origin,
            str(verdict.expected),
            str(verdict.missing),
            str(verdict.unexpected),
            f"{verdict.worst_iou:.3f}",
            f"{verdict.worst_score_difference:.3f}",
        )
        for verdict in built.verdicts
    ]
    names = ("frame", "expected", "missing", "unexpected", "worst IoU", "worst score difference")
    passed = all(verdict.passed for verdict in built.verdicts)
    return [Verdict(passed, "The CPU flavour on golden frames"), Table(names, rows)]


def _lineage(draft: Draft) -> Facts:
    record = json.loads(draft.files[LINEAGE])
    manifest, tools = draft.manifest, record["export"]["tools"]
    return Facts(
        {
            "checkpoint": manifest.origin,
            "data": ", ".join(sorted(manifest.data_fingerprints)) or "not stated",
            "data versions": ", ".join(record["data"]["versions"]) or "folders, without a version",
            "exported at": record["export"]["commit"] or "unknown",
            "tools": ", ".join(f"{name} {version}" for name, version in tools.items()),
            "licence": manifest.licence,
        }
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
