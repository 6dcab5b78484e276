"""Each skill's stories (happy path, change of mind, crisis in the middle), told to the trained dialogue."""

import os
import subprocess
from pathlib import Path

import pytest

from server.settings import ROOT
from server.stack import DIALOGUE, RASA

STORIES = ROOT / "tests" / "stories"


@pytest.mark.slow
def test_every_story_goes_as_it_is_written(tmp_path: Path) -> None:
    assert RASA.exists(), "make setup first: there is no environment for Rasa"
    assert DIALOGUE.exists(), "make setup first: the dialogue has not been trained"
    told = subprocess.run(
        [str(RASA), "test", "core", "--stories", str(STORIES), "--model", str(DIALOGUE)]
        + ["--out", str(tmp_path), "--fail-on-prediction-errors"],
        cwd=ROOT,
        env={
            **os.environ,
            "RASA_TELEMETRY_ENABLED": "false",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "XINQIAO_ACTION_URL": "http://127.0.0.1:9",  # nobody listens: stories are told without actions
            "XINQIAO_ACTION_TOKEN": "nobody",
            "MPLCONFIGDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    failed = tmp_path / "failed_test_stories.yml"
    wrong = failed.read_text(encoding="utf-8") if failed.exists() else ""
    assert told.returncode == 0, f"{wrong[-3000:]}\n{told.stdout[-1000:]}\n{told.stderr[-2000:]}"
