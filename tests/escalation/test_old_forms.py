"""What was answered is scored by the edition that was answered, whatever the file says since."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from assessments import store as sittings
from assessments.administration import Administration
from assessments.instrument_file import instrument_from
from assessments.library import Library
from escalation.policy_book import PolicyBook
from escalation.replay import Replay, Replayed
from escalation.signal import Rating
from server.settings import Settings
from server.wiring import library_of
from storage import edition
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Resident, Town


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


def with_changed(form: str, **changes: object) -> Library:
    """The library of a later program, in which the first item of one form says something else."""
    texts = Library.from_files().editions()
    data = yaml.safe_load(texts[form])
    data["items"][0].update(changes)
    texts[form] = yaml.safe_dump(data, allow_unicode=True)
    return Library({key: instrument_from(text, key) for key, text in texts.items()}, texts)


def restarted(town: Town, library: Library) -> None:
    """A new process of a program that has these forms."""
    intake = town.services.intake
    intake.library = library
    intake.policies = PolicyBook(town.clock, forms=library.editions())


def replayed(town: Town, policies: PolicyBook) -> Replayed:
    found = Replayed()
    with town.database.transaction() as db:
        for _ in Replay(town.database.vault, policies).everything(db, found):
            pass
    return found


def answers_the_rest(resident: Resident) -> None:
    while resident.turn.screening is not None:
        resident.answers(0)


def kept_scores(town: Town) -> dict[str, int | None]:
    with town.database.transaction() as db:
        rows = db.scalars(select(Administration).where(Administration.state == "finished")).all()
        scores = {row.instrument: sittings.score_of(town.database.vault, row) for row in rows}
        return {form: None if score is None else score.total for form, score in scores.items()}


def test_a_form_that_changed_between_two_answers_is_scored_as_it_was_answered(town: Town) -> None:
    changed = with_changed("phq2", reverse=True)
    resident = town.resident()
    resident.agrees()
    resident.chooses("start_screening")
    resident.answers(0)
    restarted(town, changed)
    answers_the_rest(resident)

    assert kept_scores(town)["phq2"] == 0, "by the new file it would be 3"
    with town.database.transaction() as db:
        assert db.scalars(select(Rating.level)).one() == 1
    assert replayed(town, town.services.intake.policies).differences == []


def test_what_was_judged_by_an_old_file_is_judged_the_same_by_a_program_that_has_a_new_one(
    town: Town,
) -> None:
    resident = town.resident()
    resident.agrees()
    resident.completes(mood=2, worry=1, q9=1, asq=1)
    restarted(town, with_changed("phq9", reverse=True))

    found = replayed(town, town.services.intake.policies)
    assert found.levels > 3
    assert found.differences == []


def test_without_the_edition_nothing_is_scored_and_each_answer_is_still_judged(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    resident.chooses("start_screening")
    resident.answers(0)
    with town.database.transaction() as db:
        for row in db.scalars(select(edition.Edition).where(edition.Edition.subject == "instrument:phq2")):
            db.delete(row)
    restarted(town, with_changed("phq2", text="换了说法"))
    answers_the_rest(resident)

    assert kept_scores(town)["phq2"] is None
    with town.database.transaction() as db:
        assert db.scalars(select(Rating.level)).one() is None, "not rated, and never green"


def test_a_process_without_the_districts_texts_does_not_save_the_forms_again_and_again(town: Town) -> None:
    library = with_changed("phq2", text="换了说法")
    for _ in range(2):
        for forms in (library.editions(), Library.from_files().editions()):
            with town.database.transaction() as db:
                PolicyBook(town.clock, forms=forms).refresh(db)
    with town.database.transaction() as db:
        assert len(edition.history(db, "instrument:phq2")) == 2


def test_the_wiring_asks_with_a_districts_texts_and_goes_without_those_that_cannot_be_used(
    tmp_path: Path,
) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "cut_offs.yml").write_text("gds15: 5\n", "utf-8")
    chosen = library_of(Settings(instrument_texts=texts, _env_file=None))["gds15"]  # type: ignore[call-arg]
    assert chosen.cut_off is not None
    assert chosen.cut_off.at == 5
    (texts / "cut_offs.yml").write_text(json.dumps({"gds15": 7}), "utf-8")
    left_out = library_of(Settings(instrument_texts=texts, _env_file=None))["gds15"]  # type: ignore[call-arg]
    assert left_out.cut_off is not None
    assert left_out.cut_off.at == 8
