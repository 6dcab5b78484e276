"""What a model does on labelled lines, in figures: the same for every kind of model and every task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.learned.calibrate import Floats, calibration_error
from models.learned.corpus import Line

ORDER = ("none", "elevated", "crisis")


def votes(config: Mapping[str, Any], probabilities: Floats, labels: Sequence[str]) -> list[str]:
    """What a crisis model would raise each text to: its thresholds, and crisis only where the gate let it pass."""
    crisis = probabilities[:, list(labels).index("crisis")]
    raised = crisis + probabilities[:, list(labels).index("elevated")]
    limit = config["thresholds"]
    loud = (crisis >= limit["crisis"]) & bool(config["gate"]["passed"])
    some = (raised >= limit["elevated"]) | (crisis >= limit["crisis"])
    return ["crisis" if c else "elevated" if e else "none" for c, e in zip(loud, some, strict=True)]


def figures(
    config: Mapping[str, Any], probabilities: Floats, lines: Sequence[Line], labels: Sequence[str]
) -> dict[str, Any]:
    """Accuracy, recall and precision of each label, calibration error, and for crisis models what they raise."""
    truth = [list(labels).index(line.label) for line in lines]
    best = probabilities.argmax(axis=1)
    right = best == np.array(truth)
    each = {}
    for number, label in enumerate(labels):
        of_it, as_it = np.array(truth) == number, best == number
        hit = int((of_it & as_it).sum())
        each[label] = {
            "lines": int(of_it.sum()),
            "recall": round(hit / max(1, int(of_it.sum())), 4),
            "precision": round(hit / max(1, int(as_it.sum())), 4),
        }
    recalls, precisions = ([row[key] for row in each.values()] for key in ("recall", "precision"))
    macro = [2 * r * p / (r + p) if r + p else 0.0 for r, p in zip(recalls, precisions, strict=True)]
    out: dict[str, Any] = {
        "lines": len(lines),
        "accuracy": round(float(right.mean()), 4),
        "macro_f1": round(float(np.mean(macro)), 4),
        "calibration_error": round(calibration_error(probabilities, truth), 4),
        "labels": each,
    }
    if "thresholds" in config:
        raised = votes(config, probabilities, labels)
        out["raised"] = raised_counts(raised, [line.label for line in lines])
    return out


def raised_counts(raised: Sequence[str], said: Sequence[str]) -> dict[str, dict[str, int]]:
    """Label by level: how many lines of each label were raised to each level."""
    table = {label: dict.fromkeys(ORDER, 0) for label in ORDER}
    for level, label in zip(raised, said, strict=True):
        table[label][level] += 1
    return table


def told(figures: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """The figures for a person to read, in Chinese."""
    lines = [
        f"{config['task']}：{figures['lines']} 行，准确率 {figures['accuracy']:.3f}，"
        f"宏平均 F1 {figures['macro_f1']:.3f}，校准误差 {figures['calibration_error']:.3f}"
    ]
    for label, row in figures["labels"].items():
        lines.append(
            f"  {label:<14} {row['lines']:5d} 行　召回 {row['recall']:.3f}　精确 {row['precision']:.3f}"
        )
    if "raised" in figures:
        table = figures["raised"]
        for label in ORDER:
            total = max(1, sum(table[label].values()))
            said = "，".join(
                f"{level} {count}（{count / total:.3f}）" for level, count in table[label].items()
            )
            lines.append(f"  标注 {label:<9} → {said}")
        gate = config["gate"]
        word = "通过，可以报 crisis" if gate["passed"] else "没有通过，最多报 elevated"
        lines.append(
            f"  误报关：{word}（换家族量：{gate['false_alarms']}/{gate['harmless']} 误报，"
            f"召回 {gate['recall']:.3f}，上限 {gate['limit']:.3f}）"
        )
    return "\n".join(lines)
