"""The history of a training run as a picture."""

from __future__ import annotations

import json

from training.figure import as_png, new_figure


def plot_history(history: str) -> bytes:
    """Loss and AP50 over the run, a PNG.

    Args:
        history: JSON lines with `done`, `loss`, `score`, `box`, and `ap50` by data set.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    lines = [json.loads(line) for line in history.splitlines()]
    done = [100 * line["done"] for line in lines]
    figure = new_figure(11, 4)
    losses, precision = figure.subplots(1, 2)
    for part in ("loss", "score", "box"):
        losses.plot(done, [line[part] for line in lines], marker=".", label=part)
    for name in lines[-1]["ap50"]:
        values = [line["ap50"].get(name) for line in lines]
        precision.plot(done, values, marker=".", label=name)
    for axes, title in ((losses, "loss per person"), (precision, "AP50 on validation data")):
        axes.set(title=title, xlabel="percent of the run")
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend()
    return as_png(figure)
