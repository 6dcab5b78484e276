"""Somebody leaves with work in hand (R24): nothing is without an owner, the session is dead, the lead hears of it."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from escalation.contact_book import add_point
from escalation.duty import DutyShift
from escalation.errors import NotAllowed, NotThere, PersonnelError
from escalation.outbox import QueuedNotice
from escalation.personnel import OPERATOR, Actor, Personnel, abandoned, let_go
from escalation.staff import StaffAccount
from escalation.teamwork import Acknowledgement, Lowering, Trip
from escalation.ticket import FollowUp, Ticket
from server.callers import StaffCookie
from storage import audit
from tests.support.town import Officer, Town


def personnel(town: Town) -> Personnel:
    return town.services.people_desk.personnel


def a_ticket(town: Town, words: str = "我不想活了") -> str:
    """Somebody in 浦沿 says something; gives the ticket's code."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(words)
    with town.database.transaction() as db:
        return db.scalars(select(Ticket.code).order_by(Ticket.opened_at.desc(), Ticket.code)).all()[0]


def taken(town: Town, officer: Officer, words: str = "我不想活了") -> str:
    known = {t["code"] for t in officer.tickets()}
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(words)
    (code,) = {t["code"] for t in officer.tickets()} - known
    officer.acknowledges(code)
    return code


def ticket(town: Town, code: str) -> Ticket:
    with town.database.transaction() as db:
        return db.scalars(select(Ticket).where(Ticket.code == code)).one()


def account(town: Town, officer: Officer) -> StaffAccount:
    with town.database.transaction() as db:
        return db.scalars(select(StaffAccount).where(StaffAccount.username == officer.username)).one()


def test_twenty_leave_one_after_the_other_and_nobody_is_without_an_owner(town: Town) -> None:
    """R24: each has something else in hand; after each leaving, no open ticket belongs to somebody who is gone."""
    lead = town.officer("puyan", "supervisor", "陆远山")
    for number in range(20):
        leaver = town.officer("puyan", name=f"第{number}位")
        codes = [taken(town, leaver) for _ in range(number % 3)]
        for code in codes[:1]:
            if number % 2:
                leaver.on(code, "calls", outcome="spoke")
                leaver.on(code, "follow-ups", after_hours=[24, 72])
        rang = {code: town.channel.rang(code) for code in codes}

        back = personnel(town).deactivate(OPERATOR, leaver.username)

        assert back.tickets == len(codes)
        assert leaver.asks("GET", "/me").status_code == 401, "the session is dead at the next request"
        town.jobs()
        for code in codes:
            assert town.channel.rang(code) > rang[code], "somebody is told in the same minute"
        with town.database.transaction() as db:
            gone = set(db.scalars(select(StaffAccount.id).where(StaffAccount.active.is_(False))))
            opened = db.scalars(select(Ticket).where(Ticket.closed_at.is_(None))).all()
            assert not [t.code for t in opened if t.holder_id in gone]
            assert all(t.holder_id is not None or t.missing > 0 for t in opened)
            follow_ups = db.scalars(select(FollowUp).where(FollowUp.done_at.is_(None))).all()
            assert {f.office for f in follow_ups} <= {lead.office}
        assert {t["code"] for t in lead.tickets()} >= set(codes)
        told = [n for n in town.channel.sent if n.ticket_code == "人员"]
        assert len(told) == number + 1, "the lead hears of each"
        assert not [n for n in told if "第" in n.text], "no name stands in a notice"
    with town.database.transaction() as db:
        assert audit.verify(db, town.database.vault, None).intact


def test_what_was_said_and_done_stays_and_the_next_one_takes_it(town: Town) -> None:
    leaver, next_one = town.officer("puyan", name="何苗"), town.officer("puyan", name="沈青")
    code = taken(town, leaver)
    leaver.on(code, "calls", outcome="spoke")
    personnel(town).deactivate(OPERATOR, leaver.username)

    kept = ticket(town, code)
    assert kept.holder_id is None
    assert kept.spoke_at is not None
    shown = next_one.acknowledges(code)
    kinds = [entry["kind"] for entry in shown["timeline"]]
    assert "call" in kinds
    assert "lapsed" in kinds


def test_the_chain_goes_on_to_the_lead_and_the_district_if_nobody_takes_it_again(town: Town) -> None:
    leaver = town.officer("puyan", name="何苗")
    code = taken(town, leaver)
    leaver.on(code, "calls", outcome="no_answer")
    personnel(town).deactivate(OPERATOR, leaver.username)
    for _ in range(8):
        town.clock.advance(hours=1)
        town.jobs()
    with town.database.transaction() as db:
        told = set(
            db.scalars(
                select(QueuedNotice.audience).where(
                    QueuedNotice.code == code, QueuedNotice.queued_at >= ticket(town, code).chain_since
                )
            )
        )
    assert told == {"office", "supervisor", "district_desk"}


def test_a_second_acknowledgement_is_undone_and_one_more_person_is_asked(town: Town) -> None:
    holder, second = town.officer("puyan", name="沈青"), town.officer("puyan", name="何苗")
    code = taken(town, holder)
    who = account(town, second)
    with town.database.transaction() as db:
        kept = db.scalars(select(Ticket).where(Ticket.code == code)).one()
        db.add(Acknowledgement(ticket_id=kept.id, staff_id=who.id, name=who.name, at=town.clock.now))
        before = kept.missing
    back = personnel(town).deactivate(OPERATOR, second.username)

    assert (back.tickets, back.second) == (0, 1)
    after = ticket(town, code)
    assert after.missing == before + 1
    assert after.holder_name == "沈青", "the first one still has it"
    with town.database.transaction() as db:
        assert db.scalars(select(Acknowledgement).where(Acknowledgement.staff_id == who.id)).one().undone_at


def test_a_trip_and_a_lowering_that_are_open_are_told_to_the_lead(town: Town) -> None:
    leaver = town.officer("puyan", name="何苗")
    code = taken(town, leaver)
    who, kept = account(town, leaver), ticket(town, code)
    with town.database.transaction() as db:
        db.add(
            Trip(
                ticket_id=kept.id, staff_id=who.id, name=who.name, office=who.office, set_out_at=town.clock.now,
                back_by=town.clock.now + timedelta(hours=1),
            )
        )  # fmt: skip
        db.add(
            Lowering(
                ticket_id=kept.id, from_level=5, to_level=3, asked_by_id=who.id, asked_by=who.name,
                asked_at=town.clock.now,
            )
        )  # fmt: skip
    back = personnel(town).deactivate(OPERATOR, leaver.username)
    assert (back.tickets, back.trips, back.lowerings) == (1, 1, 1)
    with town.database.transaction() as db:
        keys = list(db.scalars(select(QueuedNotice.key).where(QueuedNotice.audience == "supervisor")))
    assert any(".left.trip." in key for key in keys)
    assert any(".left.lowering." in key for key in keys)


def test_leaving_twice_is_leaving_once(town: Town) -> None:
    leaver = town.officer("puyan", name="何苗")
    taken(town, leaver)
    assert personnel(town).deactivate(OPERATOR, leaver.username).tickets == 1
    assert personnel(town).deactivate(OPERATOR, leaver.username).tickets == 0
    with town.database.transaction() as db:
        assert (
            len(db.scalars(select(QueuedNotice).where(QueuedNotice.code == "人员")).all()) == 2
        )  # console, gateway


def test_whoever_moves_leaves_what_they_had_to_the_old_office(town: Town) -> None:
    mover, lead = town.officer("puyan", name="何苗"), town.officer("puyan", "supervisor", "陆远山")
    code = taken(town, mover)
    other = town.office_code("xixing")
    personnel(town).move(OPERATOR, mover.username, other)

    assert ticket(town, code).holder_id is None
    assert ticket(town, code).office == lead.office
    assert mover.asks("GET", "/me").status_code == 401, "whoever moved logs in again"
    who = account(town, mover)
    assert who.active
    assert who.office == other


def test_what_waits_for_an_address_that_is_gone_goes_to_the_office(town: Town) -> None:
    leaver = town.officer("puyan", name="何苗")
    who = account(town, leaver)
    with town.database.transaction() as db:
        point = add_point(
            db, town.database.vault, office=who.office, staff_id=who.id, audience="office", channel="sms",
            address="13800000000",
        )  # fmt: skip
    code = a_ticket(town)
    with town.database.transaction() as db:
        waiting = db.scalars(
            select(QueuedNotice).where(QueuedNotice.code == code, QueuedNotice.channel != "in_app")
        ).all()
        waiting[0].contact_id, waiting[0].channel, waiting[0].staff_id, waiting[0].state = (
            point.id,
            "sms",
            who.id,
            "waiting",
        )
    personnel(town).deactivate(OPERATOR, leaver.username)
    with town.database.transaction() as db:
        row = db.get_one(QueuedNotice, waiting[0].id)
        assert (row.contact_id, row.channel, row.state) == (None, "webhook", "waiting")
        gone = db.get_one(type(point), point.id)
        assert not gone.active
        assert gone.address_sealed is None
        assert gone.address_index is None


def test_somebody_who_leaves_a_hole_in_the_roster_is_told_of_at_once(town: Town) -> None:
    office = town.office_code("puyan")
    leaver = town.officer("puyan", name="何苗")
    who = account(town, leaver)
    with town.database.transaction() as db:
        for shift in db.scalars(select(DutyShift).where(DutyShift.office == office)):
            db.delete(shift)
        db.add(
            DutyShift(
                office=office, duty="officer", staff_id=who.id, days="1234567", starts="00:00", ends="24:00"
            )
        )
        db.add(DutyShift(office=office, duty="lead", days="1234567", starts="00:00", ends="24:00"))
    personnel(town).deactivate(OPERATOR, leaver.username)
    with town.database.transaction() as db:
        told = db.scalars(select(QueuedNotice).where(QueuedNotice.key.startswith("gap.left"))).all()
    assert {n.audience for n in told} == {"supervisor", "district_desk"}
    assert all("浦沿司法所没有人值班" in n.text for n in told)


def test_a_lead_lets_their_own_team_go_and_nobody_else(town: Town) -> None:
    lead = town.officer("puyan", "supervisor", "陆远山")
    own, colleague = town.officer("puyan", name="何苗"), town.officer("puyan", "supervisor", "章如海")
    other = town.officer("xixing", name="俞晓")
    by = Actor.of(account(town, lead))
    assert personnel(town).deactivate(by, own.username).tickets == 0
    with pytest.raises(NotThere):
        personnel(town).deactivate(by, other.username)
    with pytest.raises(NotThere):
        personnel(town).deactivate(by, "nobody-of-this-name")
    with pytest.raises(NotAllowed):
        personnel(town).deactivate(by, colleague.username)
    with pytest.raises(NotAllowed):
        personnel(town).deactivate(by, lead.username)
    with pytest.raises(NotAllowed):
        personnel(town).move(by, own.username, other.office)
    with pytest.raises(NotAllowed):
        personnel(town).deactivate(Actor.of(account(town, own)), town.officer("puyan", name="林一").username)


def test_an_administrator_cannot_end_their_own_account(town: Town) -> None:
    admin = town.officer("desk", "administrator", "管理员")
    with pytest.raises(NotAllowed, match="自己"):
        personnel(town).deactivate(Actor.of(account(town, admin)), admin.username)


def test_nobody_makes_or_moves_an_administrator_on_a_page(town: Town) -> None:
    """Two stand for a change of the rules: one alone who could make the other would stand for both."""
    admin = town.officer("desk", "administrator", "郑伟")
    colleague, worker = town.officer("desk", "administrator", "许岚"), town.officer("puyan", "social_worker")
    listed = admin.does("GET", "/people")
    assert "xinqiao staff add" in listed["administrators"]
    assert "administrator" not in {role["code"] for role in listed["roles"]}
    assert {
        p["username"] for p in listed["people"] if p["role"] == "administrator" and p["may_move"]
    } == set()

    body = {"username": "helper", "name": "帮手", "role": "administrator", "office": "desk"}
    desk = town.office_code("desk")
    for path, wanted in (
        ("/people", {**body, "office": desk}),
        (f"/people/{worker.username}/move", {"office": desk, "role": "administrator"}),
        (f"/people/{colleague.username}/move", {"office": town.office_code("puyan")}),
        (f"/people/{colleague.username}/move", {"office": desk, "role": "auditor"}),
        (f"/people/{admin.username}/move", {"office": town.office_code("puyan")}),
    ):
        answer = admin.asks("POST", path, wanted)
        assert (answer.status_code, "命令行" in answer.json()["sentence"]) == (409, True), path
    assert [account(town, one).role for one in (colleague, worker)] == ["administrator", "social_worker"]

    made, _ = personnel(town).add(OPERATOR, "third", "秦越", "administrator", desk)
    assert made.role == "administrator", "whoever has the command line"
    personnel(town).move(OPERATOR, "third", desk, "auditor")
    personnel(town).move(OPERATOR, "third", desk, "administrator")


@pytest.mark.parametrize(
    ("username", "name", "role", "office", "words"),
    [
        ("X", "何苗", "social_worker", "puyan-judicial", "用户名"),
        ("何苗", "何苗", "social_worker", "puyan-judicial", "用户名"),
        ("he-miao", " ", "social_worker", "puyan-judicial", "姓名"),
        ("he-miao", "何" * 21, "social_worker", "puyan-judicial", "姓名"),
        ("he-miao", "何苗", "boss", "puyan-judicial", "角色"),
        ("he-miao", "何苗", "social_worker", "nowhere", "单位"),
        ("he-miao", "何苗", "partner", "puyan-judicial", "协办"),
    ],
)
def test_an_account_that_cannot_be_meant_is_refused(
    town: Town, username: str, name: str, role: str, office: str, words: str
) -> None:
    with pytest.raises(PersonnelError, match=words):
        personnel(town).add(OPERATOR, username, name, role, office)


def test_somebody_new_logs_in_with_the_password_that_was_shown_once(town: Town) -> None:
    admin = town.officer("desk", "administrator", "管理员")
    added = admin.does(
        "POST",
        "/people",
        {"username": "he-miao", "name": "何苗", "role": "social_worker", "office": town.office_code("puyan")},
    )
    answer = town.ask("POST", "/api/staff/login", json={"username": "he-miao", "password": added["password"]})
    assert answer.status_code == 200
    assert added["password"] not in str(admin.does("GET", "/people"))
    again = admin.asks(
        "POST",
        "/people",
        {"username": "he-miao", "name": "何苗", "role": "social_worker", "office": town.office_code("puyan")},
    )
    assert again.status_code == 422
    assert "用户名" in again.json()["sentence"]


def test_an_address_is_sealed_and_shown_masked_and_its_test_says_that_it_is_a_drill(town: Town) -> None:
    lead = town.officer("puyan", "supervisor", "陆远山")
    worker = town.officer("puyan", name="何苗")
    shown = lead.does(
        "POST", "/contacts", {"owner": worker.username, "channel": "sms", "address": "138 0000-1234"}
    )
    (contact,) = shown["contacts"]
    assert contact["address"] == "138****1234"
    assert "13800001234" not in str(shown)
    with town.database.transaction() as db:
        raw = db.connection().exec_driver_sql("SELECT contact_point::text FROM contact_point").all()
    assert "13800001234" not in str(raw)

    lead.does("POST", f"/contacts/{contact['id']}/test")
    with town.database.transaction() as db:
        drill = db.scalars(select(QueuedNotice).where(QueuedNotice.code == "演练")).one()
    assert drill.text.startswith("【演练】")
    assert drill.channel == "sms"
    assert lead.does("DELETE", f"/contacts/{contact['id']}")["contacts"] == []
    assert lead.asks("POST", f"/contacts/{contact['id']}/test").status_code == 404
    assert lead.asks("POST", f"/contacts/{uuid.uuid4()}/test").status_code == 404


@pytest.mark.parametrize(
    ("channel", "address"),
    [("sms", "12345"), ("sms", "1380000123x"), ("mail", "nobody"), ("mail", "a@b"), ("dingtalk", "ftp://x/y"),
     ("wecom", "not an address"), ("pigeon", "13800000000"), ("webhook", ""), ("webhook", "a\u200bb")],
)  # fmt: skip
def test_an_address_that_nothing_reaches_is_refused_without_being_repeated(
    town: Town, channel: str, address: str
) -> None:
    worker = town.officer("puyan", name="何苗")
    with pytest.raises(PersonnelError) as refused:
        personnel(town).add_contact(OPERATOR, worker.username, channel, address)
    assert not address or address not in str(refused.value)


def test_only_who_looks_after_people_sees_the_list(town: Town) -> None:
    for role in ("judicial_officer", "social_worker", "auditor", "duty_officer"):
        street = "desk" if role in ("auditor", "duty_officer") else "puyan"
        assert town.officer(street, role, "某人").asks("GET", "/people").status_code == 409  # type: ignore[arg-type]
    lead = town.officer("puyan", "supervisor", "陆远山")
    assert {p["office"] for p in lead.does("GET", "/people")["people"]} == {lead.office}


def test_what_was_taken_in_the_instant_of_leaving_is_found_by_the_watch(town: Town) -> None:
    """Somebody takes a ticket while their account ends: two transactions, neither of which sees the other."""
    leaver, stays = town.officer("puyan", name="何苗"), town.officer("puyan", name="沈青")
    code, kept = taken(town, leaver), taken(town, stays)
    with town.database.transaction() as db:
        db.get_one(StaffAccount, account(town, leaver).id).active = False
    telling = town.services.watch.telling
    with town.database.transaction() as db:
        found = db.scalars(abandoned(town.clock.now)).all()
        assert [t.code for t in found] == [code]
        for one in found:
            let_go(db, one, telling.policies.of(db, one), telling, town.clock.now)
    assert ticket(town, code).holder_id is None
    assert ticket(town, kept).holder_id is not None
    with town.database.transaction() as db:
        assert db.scalars(abandoned(town.clock.now)).all() == []


def test_a_partner_and_an_administrator_are_told_who_they_are(town: Town) -> None:
    admin = town.officer("desk", "administrator", "管理员")
    assert admin.does("GET", "/me")["role_name"] == "管理员"
    body = {"username": "community", "name": "联络员", "role": "partner", "office": "puyan-community"}
    added = admin.does("POST", "/people", body)
    answer = town.ask(
        "POST", "/api/staff/login", json={"username": "community", "password": added["password"]}
    )
    assert answer.json()["office_name"] == "浦沿街道社区联络点（示范）"
    cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"
    for path in ("duty", "duty?office=puyan-judicial"):
        assert town.ask("GET", f"/api/staff/{path}", cookie=cookie).status_code == 404
    assert town.ask("GET", "/api/staff/duty/gaps", cookie=cookie).status_code == 409
    assert town.ask("GET", "/api/staff/people", cookie=cookie).status_code == 409
