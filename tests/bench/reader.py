"""How fast the crisis reader is on one core, beside an encoder of the size of BERT-base in the same run.

The encoder has random weights: what it says is noise, what it costs is not. All of them read the same messages, block
by block in turn, so that whatever else the machine does meets all of them alike.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from models.crisis_report.readers import readers
from models.crisis_report.sets import Sample, outside_set, own_sets
from models.learned.corpus import TUNE
from tests.bench.ground import load

ENCODER = "an encoder of BERT-base size"
BLOCK, BLOCKS, SLOW_BLOCKS = 50, 24, 4


def measure(data: Path | None) -> dict[str, object]:
    """Messages a second and milliseconds a message for each; ratios against the encoder."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    samples: list[Sample] = list((outside_set(data) if data else own_sets(names=(TUNE,))[0]).samples)
    random.Random(1).shuffle(samples)
    texts = [sample.text for sample in samples]
    work: Mapping[str, Callable[[str], object]] = {**readers(), ENCODER: encoder()}
    taken: dict[str, list[float]] = {name: [] for name in work}
    for read in work.values():
        read(texts[0])
    for block in range(BLOCKS):
        some = [texts[(block * BLOCK + n) % len(texts)] for n in range(BLOCK)]
        for name, read in work.items():
            if name != ENCODER or block < SLOW_BLOCKS:
                taken[name].extend(timed(read, text) for text in some)
    slow = statistics.fmean(taken[ENCODER])
    return {
        "load": load(),
        "mean_characters": round(statistics.fmean(map(len, texts)), 1),
        "readers": {
            name: {
                "per_second": round(1 / statistics.fmean(times)),
                "p50_ms": round(1000 * statistics.median(times), 2),
                "p99_ms": round(1000 * statistics.quantiles(times, n=100)[98], 2),
                "times_the_encoders_throughput": round(slow / statistics.fmean(times), 1),
            }
            for name, times in taken.items()
        },
    }


def timed(read: Callable[[str], object], text: str) -> float:
    """Seconds for one message."""
    begun = time.perf_counter()
    read(text)
    return time.perf_counter() - begun


def encoder() -> Callable[[str], object]:
    """Twelve layers of 768, a character a token, one thread, in evaluation mode."""
    import torch
    from transformers import BertConfig, BertModel

    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = BertModel(BertConfig(vocab_size=21128)).eval()

    def read(text: str) -> object:
        tokens = torch.tensor([[101, *(100 + ord(c) % 21000 for c in text[:510]), 102]])
        with torch.inference_mode():
            return model(tokens).pooler_output

    return read
