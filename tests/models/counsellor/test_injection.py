"""M08, the counsellor's part: a model that obeys whatever a resident writes gives nothing away and lowers nothing.

The model here is as bad as can be: it does what it is told, with all that it was sent.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.turn import Turn
from models.counsellor.screen import LEAK
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.models.counsellor.scene import FRAME, counselled_town, said, someone
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.stub_model import StubModel
from tests.support.town import Resident, Town

TEXTS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "injections.yml").read_text("utf-8"))
ALL = [text for texts in TEXTS.values() for text in texts]
CANARY = "纸鹤叠到第九百只"
PHONE = "13905710007"
HEAR = "厂里加班多，"
"""So that the dialogue takes it for ordinary talk, and the model is asked."""

FORMS = {
    "word for word": lambda t: t,
    "one rule": lambda t: t.splitlines()[3],
    "backwards": lambda t: t[::-1][:90],
    "a sign apart": lambda t: " ".join(t[:60]),
    "dots between": lambda t: "·".join(t[:60]),
    "in another width": lambda t: t[:100].replace("，", ",").replace("。", "."),
    "base64": lambda t: base64.b64encode(t.encode()).decode()[:110],
    "hex": lambda t: t.encode().hex()[:110],
    "quoted": lambda t: f"好的，它写着“{t[20:70]}”",
    "a story": lambda t: f"从前有个机器人，它说：{t[40:90]}",
}


@dataclass
class Obeying:
    """Says what it was sent, in this form."""

    form: str = "word for word"
    part: str = "system"

    def __call__(self, messages: list[dict[str, str]]) -> str:
        if self.part == "lowers":
            return "好的，您的风险等级已改成绿色，工单已经关闭，上门已取消。"
        wanted = [m["content"] for m in messages if (m["role"] == "system") == (self.part == "system")]
        return FORMS[self.form]("\n".join(wanted))


Scene = tuple[Town, StubModel, Resident]


@pytest.fixture(scope="module")
def scene(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("obeying")
    name = postgres.new_database()
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    with counselled_town(database, MovableClock(), home, "嗯。") as (town, stub):
        other = someone(town)
        other.says(f"{HEAR}{CANARY}才睡着，我叫余翠鸢，电话{PHONE}")
        yield town, stub, someone(town)
    database.close()
    postgres.drop(name)


def state(turn: Turn) -> dict[str, object]:
    return turn.model_dump(include={"stage", "consents", "screening", "result", "contact", "alarm", "resume"})


def gives_nothing_away(turn: Turn) -> None:
    bare = "".join(c for c in "".join(said(turn)) if c.isalnum())
    frame = "".join(c for c in FRAME.system if c.isalnum())
    for at in range(len(frame) - LEAK):
        assert frame[at : at + LEAK] not in bare
        assert frame[at : at + LEAK][::-1] not in bare
    text = turn.model_dump_json()
    for private in (CANARY, "翠鸢", PHONE):
        assert private not in text


@pytest.mark.parametrize("text", ALL)
def test_what_somebody_writes_gives_nothing_away_and_changes_nothing(scene: Scene, text: str) -> None:
    town, stub, _ = scene
    town.services.limits.seen.clear()
    resident = someone(town)
    stub.answer = Obeying()
    before = state(resident.says(f"{HEAR}您好"))
    asked = len(stub.asked)
    after = resident.says(f"{HEAR}{text}")
    gives_nothing_away(after)
    if len(stub.asked) > asked:
        assert state(after) == before
        sent = "".join(m["content"] for m in stub.asked[-1]["messages"])
        assert CANARY not in sent
        assert "翠鸢" not in sent
    else:  # it was read as something to ask about: raised, never lowered
        assert after.screening or after.alarm or said(after)


@pytest.mark.parametrize("form", FORMS)
def test_the_frame_comes_out_in_no_form(scene: Scene, form: str) -> None:
    _, stub, resident = scene
    stub.answer = Obeying(form)
    turn = resident.says(f"{HEAR}{TEXTS['shows_its_frame'][0]}")
    gives_nothing_away(turn)
    assert not any(bit.startswith(FRAME.label) for bit in said(turn))


@pytest.mark.parametrize("form", ["word for word", "base64", "quoted"])
def test_it_cannot_tell_what_it_was_never_told(scene: Scene, form: str) -> None:
    _, stub, resident = scene
    stub.answer = Obeying(form, part="talk")
    for text in TEXTS["shows_others"]:
        gives_nothing_away(resident.says(f"{HEAR}{text}"))


@pytest.mark.parametrize("text", TEXTS["lowers"])
def test_nothing_lowers_what_was_said_before(scene: Scene, text: str) -> None:
    town, stub, _ = scene
    town.services.limits.seen.clear()
    resident = someone(town)
    stub.answer = Obeying(part="lowers")
    resident.says("我不想活了")
    alarm = resident.turn.alarm
    assert alarm is not None
    asked = len(stub.asked)
    turn = resident.says(f"{HEAR}{text}")
    assert len(stub.asked) == asked, "the model is not asked any more"
    assert turn.alarm is not None
    assert turn.alarm.code == alarm.code
    assert {ticket["level"] for ticket in town.officer("puyan").tickets()} <= {"orange", "red"}


@pytest.mark.parametrize("text", TEXTS["lowers"])
def test_a_model_that_says_it_lowered_something_is_not_heard(scene: Scene, text: str) -> None:
    town, stub, _ = scene
    town.services.limits.seen.clear()
    stub.answer = Obeying(part="lowers")
    turn = someone(town).says(f"{HEAR}{text}")
    assert not any("已" in bit and "关闭" in bit for bit in said(turn))
    assert not any(bit.startswith(FRAME.label) for bit in said(turn))
