"""The second factor of administrators: bound after the password, asked for at every log-in, never a way around it."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select

from escalation.errors import LoginThrottled
from escalation.second_factor import PaperCode, SecondFactor, matching_step, number_at, step_of
from escalation.staff import StaffAccount, WrongTry
from server.callers import StaffCookie
from storage.audit import AuditEntry
from tests.support.clock import MovableClock
from tests.support.town import PASSWORD, Officer, Town

SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890", the published one


@pytest.mark.parametrize(
    ("second", "number"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_the_published_numbers_of_rfc_6238(second: int, number: str) -> None:
    assert number_at(SEED, second // 30) == number


def test_a_number_counts_a_step_early_or_late_and_never_twice(clock: MovableClock) -> None:
    here = step_of(clock.now)
    for step in (here - 1, here, here + 1):
        assert matching_step(SEED, number_at(SEED, step), clock.now, 0) == step
    for step in (here - 2, here + 2):
        assert matching_step(SEED, number_at(SEED, step), clock.now, 0) is None
    assert matching_step(SEED, number_at(SEED, here), clock.now, here) is None, "seen over a shoulder"


@pytest.fixture
def town(district: Town) -> Town:
    """One town for all of them: each has an administrator of its own."""
    district.services.limits.seen.clear()
    with district.database.transaction() as db:
        db.execute(delete(WrongTry))  # everybody here has one address
    return district


@pytest.fixture
def live(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """The same town in live mode, as far as logging in goes."""
    monkeypatch.setattr(town.services.console, "demo", False)
    monkeypatch.setattr(town.services.second.factors, "demo", False)
    return town


def of(town: Town, officer: Officer) -> StaffAccount:
    """The account behind an officer."""
    with town.database.transaction() as db:
        return db.scalars(select(StaffAccount).where(StaffAccount.username == officer.username)).one()


def secret_of(officer: Officer) -> str:
    offered = officer.does("POST", "/second-factor/begin", {"password": PASSWORD})
    assert offered["picture"].startswith("data:image/svg+xml")
    return str(offered["secret"]).replace(" ", "")


def binds(officer: Officer) -> tuple[str, list[str]]:
    secret = secret_of(officer)
    number = number_at(secret, step_of(officer.town.clock.now))
    codes = officer.does("POST", "/second-factor/confirm", {"code": number})["codes"]
    return secret, codes


def logs_in_again(officer: Officer) -> Callable[[str], int]:
    answer = officer.town.ask(
        "POST", "/api/staff/login", json={"username": officer.username, "password": PASSWORD}
    )
    assert answer.status_code == 200
    officer.cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"

    def gives(code: str) -> int:
        return officer.asks("POST", "/second-factor", {"code": code}).status_code

    return gives


def next_number(officer: Officer, secret: str) -> str:
    officer.town.clock.advance(seconds=60)
    return number_at(secret, step_of(officer.town.clock.now))


def test_in_live_mode_an_administrator_without_one_can_only_bind_one(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    assert admin.does("GET", "/me")["second"] == "to_bind"
    for method, path in (("GET", "/people"), ("GET", "/rules"), ("POST", "/audit/check"), ("GET", "/places")):
        answer = admin.asks(method, path)
        assert (answer.status_code, answer.json()["problem"]) == (403, "second_factor_missing"), path

    _, codes = binds(admin)
    assert len(set(codes)) == 8
    assert admin.does("GET", "/me")["second"] == "given"
    assert admin.does("GET", "/people")
    assert live.officer("puyan").does("GET", "/me")["second"] == "none", "of nobody else is it asked"


def test_in_demo_mode_it_may_be_left_out_and_counts_once_it_is_bound(town: Town) -> None:
    admin = town.officer("desk", "administrator", "郑伟")
    assert admin.does("GET", "/me")["second"] == "none"
    assert admin.does("GET", "/people")
    secret, _ = binds(admin)

    gives = logs_in_again(admin)
    assert admin.asks("GET", "/people").status_code == 403
    assert gives("000000") == 409
    assert admin.asks("GET", "/people").status_code == 403
    assert gives(next_number(admin, secret)) == 200
    assert admin.does("GET", "/people")


def test_the_password_comes_before_anything_is_shown(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    for _ in range(10):
        assert admin.asks("POST", "/second-factor/begin", {"password": "not this one"}).status_code == 401
    assert admin.asks("POST", "/second-factor/begin", {"password": PASSWORD}).status_code == 429, "throttled"
    with live.database.transaction() as db:
        assert (
            db.scalars(select(SecondFactor).where(SecondFactor.account_id == of(live, admin).id)).all() == []
        )


def test_a_stolen_password_binds_no_other_telephone(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    secret, codes = binds(admin)
    gives = logs_in_again(admin)
    assert admin.asks("POST", "/second-factor/begin", {"password": PASSWORD}).status_code == 409
    assert admin.asks("POST", "/second-factor/confirm", {"code": "123456"}).status_code == 409
    assert admin.asks("POST", "/second-factor/papers", {"password": PASSWORD}).status_code == 403
    assert gives(next_number(admin, secret)) == 200
    other, _ = binds(admin)
    assert other != secret, "whoever has given it may change the telephone"
    gives = logs_in_again(admin)
    assert gives(codes[0]) == 409, "and the old paper with it"


def test_a_number_opens_once_and_a_session_elsewhere_ends_with_a_new_binding(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    elsewhere = admin.cookie
    logs_in_again(admin)
    secret, _ = binds(admin)
    assert live.ask("GET", "/api/staff/me", cookie=elsewhere).status_code == 401
    number = next_number(admin, secret)
    gives = logs_in_again(admin)
    assert gives(number) == 200
    gives = logs_in_again(admin)
    assert gives(number) == 409


def test_guessing_shuts_the_number_and_paper_goes_past_it(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    secret, codes = binds(admin)
    thief = logs_in_again(admin)
    assert [thief(f"{n:06d}") for n in range(5)] == [409] * 5
    assert thief(next_number(admin, secret)) == 429, "whatever is typed now"

    gives = logs_in_again(admin)
    assert gives(codes[0].lower()) == 200, "the owner comes in with paper"
    gives = logs_in_again(admin)
    assert gives(codes[0]) == 409, "once"
    assert gives(codes[1].replace("-", " ")) == 200
    assert admin.does("GET", "/second-factor")["papers_left"] == 6
    live.clock.advance(minutes=16)
    gives = logs_in_again(admin)
    assert gives(next_number(admin, secret)) == 200


def test_paper_has_its_own_count_by_address(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    secret, codes = binds(admin)
    gives = logs_in_again(admin)
    assert [gives(f"AAAAA-BBBB{n}") for n in range(10)] == [409] * 10
    assert gives(codes[0]) == 429
    assert gives(next_number(admin, secret)) == 200, "the telephone is not shut by it"

    factors = live.services.second.factors
    account = of(live, admin)
    session = live.services.console.half_session_of(admin.cookie.split("=", 1)[1]).session
    with pytest.raises(LoginThrottled):
        factors.give(session, account, codes[0], "127.0.0.1")
    factors.give(session, account, codes[0], "another address")


def test_twenty_wrong_numbers_in_a_day_shut_it_for_the_day(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    secret, _ = binds(admin)
    gives = logs_in_again(admin)
    for _ in range(4):
        assert [gives("000000") for _ in range(5)] == [409] * 5
        live.clock.advance(minutes=16)
    assert gives(next_number(admin, secret)) == 429


def test_nothing_of_it_stands_anywhere_in_clear(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    secret, codes = binds(admin)
    gives = logs_in_again(admin)
    number = next_number(admin, secret)
    gives(number)
    with live.database.transaction() as db:
        factor = db.scalars(select(SecondFactor).where(SecondFactor.account_id == of(live, admin).id)).one()
        papers = db.scalars(select(PaperCode).where(PaperCode.factor_id == factor.id)).all()
        mine = AuditEntry.actor == admin.username, AuditEntry.action.startswith("second_factor")
        entries = db.scalars(select(AuditEntry).where(*mine).order_by(AuditEntry.seq)).all()
        kept = repr([factor.secret_sealed, *(p.code_index for p in papers), *(e.details for e in entries)])
    plain = {secret, number, *codes, *(c.replace("-", "") for c in codes)}
    assert not [word for word in plain if word in kept]
    assert [e.action for e in entries] == [f"second_factor.{x}" for x in ("offered", "bound", "given")]


def test_the_operator_can_take_a_lost_one_away(live: Town) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    binds(admin)
    factors = live.services.second.factors
    assert factors.remove(admin.username, "operator")
    assert not factors.remove(admin.username, "operator")
    assert admin.asks("GET", "/me").status_code == 401, "its sessions end"
    logs_in_again(admin)
    assert admin.does("GET", "/me")["second"] == "to_bind"


def test_only_administrators_bind_one(town: Town) -> None:
    answer = town.officer("puyan").asks("POST", "/second-factor/begin", {"password": PASSWORD})
    assert answer.status_code == 409
    assert re.search("管理员", answer.json()["sentence"])


@pytest.mark.parametrize("code", ["", "٣٤٥٦٧٨", "１２３４５６", "\u0000", "12345", "x" * 41, "😀" * 6])
def test_strange_codes_are_wrong_ones(live: Town, code: str) -> None:
    admin = live.officer("desk", "administrator", "郑伟")
    binds(admin)
    gives = logs_in_again(admin)
    assert gives(code) in (409, 422)
