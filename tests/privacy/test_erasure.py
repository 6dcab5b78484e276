"""P06: what is erased cannot be opened any more, and what is kept is kept for a reason that is written here."""

import threading
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select, text

import bot.handoff
import bot.transcript
import escalation.outbox
import server.wiring
from bot.companion import doing
from bot.companion.skills import read_skills
from escalation.teamwork import Lowering, SubTask, Transfer
from escalation.ticket import Ticket
from residents.follower import Follower, WechatHeard, WechatOutgoing
from residents.session import ResidentSession
from residents.store import session_by_token
from storage.base import Entity
from storage.errors import SealBroken
from tests.privacy.canaries import CANARIES, Canary
from tests.support.town import Officer, Resident, Town

ERASED = {
    *("message.text", "message.facts", "received.answer"),
    *("given_answer.value", "administration.score", "signal.reasons"),
    *("signal.inputs", "rating.inputs", "lowering.reason"),
    *("transfer.reason", "transfer.answer_reason", "sub_task.ask", "sub_task.result"),
    *(
        "identity.name",
        "identity.phone",
        "identity.address",
        "identity.safe_to_call",
        "identity.trusted_person",
    ),
    *("skill_run.kept", "skill_run.saying", "safety_plan.steps", "mood_mark.value"),
    *("wechat_follower.openid", "wechat_follower.menu", "wechat_heard.answer", "wechat_outgoing.text"),
    *("ticket_event.note", "disclosure.reason", "ticket.place", "ticket.routing"),
}
KEPT = {
    "second_factor.secret": "of the staff: what their telephone counts from",
    "second_factor.offered": "of the staff, for ten minutes",
    "contact_point.address": "of the staff and their offices, not of a resident",
    "ticket.resident_code": "a random code: it opens the progress page, where the person sees what is still done",
}
CLEAR_BYTES = {
    "contact_point.address_index": "finds the sender of a text message among the staff",
    "identity.phone_index": "erased with its row",
    "ticket.resident_code_index": "finds the random code above",
    "kiosk_device.key_hash": "of a machine's random key",
    "paper_code.code_index": "of the staff: finds a random code on their paper",
    "audit_check.signature": "over how far the audit trail was walked",
    "one_time_code.code_index": "erased with its row",
    "wechat_follower.openid_index": "erased with its row",
    "one_time_code.left_token_hash": "erased with its row",
    "resident_session.token_hash": "of a random token; says nothing of anybody",
}
WHO = CANARIES[6]
assert all((bot.handoff, bot.transcript, escalation.outbox, server.wiring))  # every table is known


def sealed_columns() -> set[str]:
    return {
        f"{table.name}.{column.name.removesuffix('_sealed')}"
        for table in Entity.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_sealed")
    }


def test_each_sealed_column_is_erased_or_kept_for_a_reason() -> None:
    """A new one fails here until somebody has decided."""
    assert sealed_columns() == ERASED | set(KEPT)
    assert not ERASED & set(KEPT)


def test_nothing_that_is_bytes_is_left_out() -> None:
    ours = {"vault_check", "audit_entry", "audit_head", "staff_account", "staff_session"}
    found = {
        f"{table.name}.{column.name}"
        for table in Entity.metadata.tables.values()
        if table.name not in ours
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not column.name.endswith("_sealed")
    }
    assert found == set(CLEAR_BYTES)


@pytest.fixture
def resident(town: Town) -> Resident:
    """Somebody who has talked, answered everything, and told who they are."""
    return somebody(town, WHO)


def somebody(town: Town, who: Canary) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(who.words)
    writes_of_themselves(town, resident, who)
    resident.completes(mood=3, worry=3, q9=3, asq=1, asq5=1)
    for field, value in (
        ("name", who.name),
        ("phone", who.phone),
        ("address", who.address),
        ("safe_to_call", "可以打"),
        ("trusted_person", who.trusted),
    ):
        resident.tells(field, value)
    return resident


def writes_of_themselves(town: Town, resident: Resident, who: Canary) -> None:
    """A plan for hard hours, a mood, and an exercise that was begun."""
    step = read_skills()["safety_plan"].kept_steps()[0].id
    assert resident.sends("PUT", "/plan", {"steps": {step: who.words[:300]}}).status_code == 200
    assert resident.sends("POST", "/moods", {"value": 2}).status_code == 201
    with town.database.transaction() as db:
        session = session_by_token(db, resident.token)
        assert session is not None
        doing.begin(db, town.database.vault, session, read_skills()["thought_record"], town.clock.now)
        comes_by_wechat_too(db, town, session, who)


def comes_by_wechat_too(db: Any, town: Town, session: ResidentSession, who: Canary) -> None:
    """The same person's WeChat account, with an answer that was given and one that waits."""
    vault, now = town.database.vault, town.clock.now
    follower = Follower(
        resident_id=session.resident_id, openid_index=vault.index("wechat_openid", who.phone), came_at=now,
        heard_at=now,
    )  # fmt: skip
    vault.seal(follower, "openid", who.phone)
    vault.seal(follower, "menu", who.words)
    db.add(follower)
    db.flush()
    heard = WechatHeard(
        follower_id=follower.id, mark=str(follower.id), at=now, claimed_until=now, done_at=now
    )
    waits = WechatOutgoing(follower_id=follower.id, number=1, at=now)
    vault.seal(heard, "answer", who.words)
    vault.seal(waits, "text", who.words)
    db.add_all([heard, waits])


def is_helped(town: Town, *, close: bool) -> tuple[Officer, str]:
    """An officer who opened everything, noted everything, and perhaps closed the ticket."""
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    for path in ("identity", "words"):
        officer.does("POST", f"/tickets/{code}/{path}", {"reason": WHO.note[:200]})
    officer.on(code, "visits", outcome="met", note=WHO.note)
    officer.on(code, "follow-ups", after_hours=[24])
    with_others(town, code)
    if close:
        officer.on(code, "close", outcome="supported", new_level="blue", note=WHO.note)
    return officer, code


def with_others(town: Town, code: str) -> None:
    """What colleagues of other offices and partners wrote on this ticket."""
    now, vault = town.clock.now, town.database.vault
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket).where(Ticket.code == code)).one()
        asked = {"ticket_id": ticket.id, "asked_by": "何苗", "asked_at": now}
        transfer = Transfer(
            **asked, from_office="puyan-judicial", to_office="changhe-judicial", answer_by=now,
            answered_at=now, answer="refused", answered_by="方宁",
        )  # fmt: skip
        part = SubTask(
            **asked,
            name="P-0001",
            partner="puyan-community",
            what="look_in",
            due_at=now,
            ended_at=now,
            outcome="done",
        )
        lowering = Lowering(
            **asked, from_level=5, to_level=4, asked_by_id=ticket.holder_id, decided_at=now, confirmed=False
        )
        for row, fields in (
            (transfer, ("reason", "answer_reason")),
            (part, ("ask", "result")),
            (lowering, ("reason",)),
        ):
            for field in fields:
                vault.seal(row, field, WHO.note)
            db.add(row)


def openable(town: Town) -> dict[str, int]:
    """How many sealed values of each column open. Every one that is there must: broken is not erased."""
    found: dict[str, int] = {}
    vault = town.database.vault
    with town.database.transaction() as db:
        for mapper in Entity.registry.mappers:
            if mapper.class_.__module__.startswith("tests."):
                continue  # a table of some other test
            fields = [c.key for c in mapper.columns if c.key.endswith("_sealed")]
            for row in db.query(mapper.class_) if fields else []:
                for field in fields:
                    name = field.removesuffix("_sealed")
                    if vault.open(row, name) is not None:
                        found[f"{mapper.local_table.name}.{name}"] = (
                            found.get(f"{mapper.local_table.name}.{name}", 0) + 1
                        )
    return found


def test_all_sealed_columns_were_filled_or_else_nothing_is_proved(town: Town, resident: Resident) -> None:
    is_helped(town, close=True)
    of_staff = {"contact_point.address", "second_factor.secret", "second_factor.offered"}
    assert set(openable(town)) == (ERASED | set(KEPT)) - of_staff


def test_after_the_last_ticket_nothing_of_them_opens(town: Town, resident: Resident) -> None:
    officer, code = is_helped(town, close=True)
    erased = resident.sends("DELETE", "/record")
    assert erased.json()["kept"] == []

    vacuum(town)
    assert openable(town) == {"ticket.resident_code": 1}
    with town.database.transaction() as db:
        assert db.scalar(text("SELECT count(*) FROM identity")) == 0
        assert db.scalar(text("SELECT count(*) FROM message")) == 0
        assert db.scalar(text("SELECT count(*) FROM audit_entry WHERE action = 'record.erased'")) == 1
    assert officer.does("GET", f"/tickets/{code}")["identity"]["name"] is None
    follow_up = officer.does("GET", f"/tickets/{code}")["follow_ups"][0]["id"]
    officer.on(code, f"follow-ups/{follow_up}", outcome="better", note=WHO.note)
    assert "ticket_event.note" not in openable(town), "what is noted later is not kept either"


def test_an_open_ticket_keeps_what_reaching_them_needs_until_it_closes(
    town: Town, resident: Resident
) -> None:
    officer, code = is_helped(town, close=False)
    erased = resident.sends("DELETE", "/record").json()
    assert "电话" in erased["kept"][0]

    kept = openable(town)
    assert {column.split(".")[0] for column in kept} == {
        *("identity", "ticket_event", "disclosure", "ticket", "transfer", "sub_task", "lowering"),
    }
    assert kept["ticket_event.note"] == 1
    shown = officer.does("POST", f"/tickets/{code}/identity", {"reason": "还要上门"})
    assert (shown["name"], shown["address"]) == (WHO.name, WHO.address)

    officer.on(code, "close", outcome="supported", new_level="blue", note=WHO.note)
    assert openable(town) == {"ticket.resident_code": 1}


def test_a_second_open_ticket_still_knows_who_it_is_about(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("call_me_back")
    for field, value in (("name", WHO.name), ("phone", WHO.phone), ("address", WHO.address)):
        resident.tells(field, value)
    resident.says(WHO.plan)
    officer = town.officer("puyan")
    codes = {ticket["kind"]: ticket["code"] for ticket in officer.tickets()}
    assert set(codes) == {"home_visit", "call_back"}
    resident.sends("DELETE", "/record")
    for code in codes.values():
        officer.acknowledges(code)
        officer.on(code, "calls", outcome="spoke")
    officer.on(codes["call_back"], "close", outcome="supported", new_level="blue")

    shown = officer.does("POST", f"/tickets/{codes['home_visit']}/identity", {"reason": "上门"})
    assert shown["address"] == WHO.address


def test_one_person_is_erased_and_nobody_else(town: Town, resident: Resident) -> None:
    other = somebody(town, CANARIES[7])
    before = other.sends("GET", "/record").json()
    resident.sends("DELETE", "/record")

    after = other.sends("GET", "/record").json()
    assert after == before
    assert CANARIES[7].words in str(after)


def test_what_is_being_answered_while_it_is_erased_is_not_kept(town: Town) -> None:
    """The dialogue takes its time; meanwhile the person has pressed 删除."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    dialogue, asked, go_on = town.dialogue, threading.Event(), threading.Event()
    answer = dialogue.send

    async def slow(sender: str, message: str, **more: Any) -> Any:
        asked.set()
        while not go_on.is_set():
            import asyncio

            await asyncio.sleep(0.01)
        return await answer(sender, message, **more)

    dialogue.send = slow
    conversation = town.services.conversation
    session = conversation.session_of(resident.token)

    async def both() -> None:
        import asyncio
        import uuid

        talking = asyncio.create_task(conversation.reply(session, uuid.uuid4(), WHO.words))
        while not asked.is_set():
            await asyncio.sleep(0.01)
        await conversation.erase(session)
        go_on.set()
        turn = await talking
        assert turn.stage == "ended"

    town.run(both())
    assert openable(town) == {}


def test_nothing_that_is_kept_opens_with_another_key(town: Town, resident: Resident, tmp_path: Any) -> None:
    from storage.vault import Keyring, Vault

    thief = Vault(Keyring.create(tmp_path / "other.json"))
    with town.database.transaction() as db:
        row = db.query(bot.transcript.Message).filter_by(author="resident").first()
    with pytest.raises(SealBroken) as told:
        thief.open(row, "text")
    assert WHO.words not in str(told.value)


def vacuum(town: Town) -> None:
    with town.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("VACUUM FULL"))
