"""The figures as one picture: for each set, what is heard and what is raised for nothing, with its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.crisis_report.figures import Measured, Share
from models.crisis_report.readers import BOTH, MODEL, RULES
from models.crisis_report.sets import SampleSet

COLOURS = {RULES: "#7a8793", MODEL: "#c98a2b", BOTH: "#1f6f8b"}
HATCHES = {RULES: "//", MODEL: "..", BOTH: ""}
DRAWN = (
    ("crisis_recall", "crisis heard as crisis (more is better)", 1.0),
    ("misses", "crisis answered none (less is better)", 0.35),
    ("false_alarms", "none read as crisis (less is better)", 0.12),
    ("needless_questions", "none read as elevated (less is better)", 0.25),
)


def draw(results: Sequence[tuple[SampleSet, Sequence[Measured]]], path: Path) -> None:
    """Write the picture as SVG, the same bytes for the same figures. Sets without labels are left out."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "crisis-report"
    from matplotlib import pyplot

    labelled = [(each, found) for each, found in results if any(m.whole.counts for m in found)]
    figure, panels = pyplot.subplots(
        1,
        len(DRAWN),
        figsize=(4.4 * len(DRAWN), 1.6 + 1.1 * len(labelled)),
        sharey=True,
        layout="constrained",
    )
    for panel, (measure, title, most) in zip(panels, DRAWN, strict=True):
        for row, (_, found) in enumerate(labelled):
            for place, measured in enumerate(found):
                _bar(panel, row + 0.26 * (place - (len(found) - 1) / 2), measured, measure, row == 0)
        panel.set_title(title, fontsize=11)
        panel.set_xlim(0, most)
        panel.set_yticks(range(len(labelled)), [each.name for each, _ in labelled])
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        panel.grid(axis="x", alpha=0.3)
    panels[0].invert_yaxis()
    panels[0].legend(loc="lower left", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def _bar(panel, at: float, measured: Measured, measure: str, named: bool) -> None:  # type: ignore[no-untyped-def]
    share: Share = getattr(measured.whole, measure)
    if share.value is None:
        return
    low, high = share.interval
    panel.barh(
        at,
        share.value,
        height=0.24,
        color=COLOURS[measured.reader],
        hatch=HATCHES[measured.reader],
        edgecolor="white",
        xerr=[[max(0.0, share.value - low)], [max(0.0, high - share.value)]],
        error_kw={"elinewidth": 1, "capsize": 2},
        label=measured.reader if named else None,
    )
    panel.annotate(
        f"{share.value:.1%}", (high, at), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8
    )
