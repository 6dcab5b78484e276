"""Live mode starts only when everything that protects residents is signed, checked and known."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from server import live_checks
from server.live_checks import LiveFacts, Record, fingerprint, gather, unmet
from server.settings import Settings

TODAY = date(2026, 11, 22)
CLINICIAN = Record("方医生", date(2026, 11, 1), "abc")
DUTY = Record("值班员小郑", date(2026, 11, 20))

READY = LiveFacts(
    policy=CLINICIAN,
    policy_content="abc",
    policies_unsigned=(),
    wording=CLINICIAN,
    wording_content="abc",
    hotlines_checked={"12356": date(2026, 10, 1), "120": TODAY},
    public_url="https://xinqiao.example.cn",
    certificate_ready=True,
    keys_file=Path("/etc/xinqiao/keys.json"),
    keys_there=True,
    home=Path("/srv/xinqiao"),
    restored_backup=DUTY,
    demo_accounts=(),
    duty_telephone=DUTY,
    lookout_gateway="https://ring.example.cn/notices",
    gateway="https://sms.example.cn/notices",
    words_leave=False,
)

POINTS = [
    ("分级与升级政策", {"policy": None}),
    ("分级与升级政策", {"policy": replace(CLINICIAN, by=" ")}),
    ("分级与升级政策", {"policy": replace(CLINICIAN, on=TODAY + timedelta(days=1))}),
    ("分级与升级政策", {"policy_content": "changed since"}),
    ("分级与升级政策", {"policy_content": None}),
    ("分级与升级政策", {"policies_unsigned": ("five_colours.yml",)}),
    ("分级与升级政策", {"policies_unsigned": None}),
    ("话术", {"wording": None}),
    ("话术", {"wording": replace(CLINICIAN, content=None)}),
    ("话术", {"wording_content": "changed since"}),
    ("热线", {"hotlines_checked": None}),
    ("热线", {"hotlines_checked": {}}),
    ("热线", {"hotlines_checked": {"12356": None}}),
    ("热线", {"hotlines_checked": {"12356": TODAY - timedelta(days=91)}}),
    ("热线", {"hotlines_checked": {"12356": TODAY + timedelta(days=1)}}),
    ("HTTPS", {"public_url": None}),
    ("HTTPS", {"public_url": "http://xinqiao.example.cn"}),
    ("HTTPS", {"public_url": "https://127.0.0.1:8300"}),
    ("HTTPS", {"certificate_ready": False}),
    ("HTTPS", {"certificate_ready": None}),
    ("外置密钥", {"keys_file": None}),
    ("外置密钥", {"keys_file": Path("/srv/xinqiao/keys.json")}),
    ("外置密钥", {"keys_there": False}),
    ("外置密钥", {"keys_there": None}),
    ("备份恢复演练", {"restored_backup": None}),
    ("备份恢复演练", {"restored_backup": replace(DUTY, on=TODAY - timedelta(days=91))}),
    ("备份恢复演练", {"restored_backup": replace(DUTY, on=TODAY + timedelta(days=1))}),
    ("演示账号", {"demo_accounts": None}),
    ("演示账号", {"demo_accounts": ("zhang",)}),
    ("值班电话", {"duty_telephone": None}),
    ("值班电话", {"duty_telephone": replace(DUTY, by="")}),
    ("值班电话", {"duty_telephone": replace(DUTY, on=TODAY - timedelta(days=91))}),
    ("看护", {"lookout_gateway": None}),
    ("看护", {"lookout_gateway": "https://sms.example.cn/notices"}),
    ("外面的模型", {"words_leave": None}),
    ("外面的模型", {"words_leave": True}),
    ("外面的模型", {"words_leave": True, "words_may_leave": replace(DUTY, by="")}),
]


def test_a_district_that_has_done_everything_may_start() -> None:
    assert unmet(READY, TODAY) == []


@pytest.mark.parametrize(("point", "change"), POINTS)
def test_each_point_alone_keeps_it_from_starting(point: str, change: dict) -> None:
    lines = unmet(replace(READY, **change), TODAY)
    assert len(lines) == 1
    assert lines[0].startswith(point)
    assert "\n" not in lines[0]


def test_words_may_leave_where_somebody_has_put_their_name_to_it() -> None:
    assert unmet(replace(READY, words_leave=True, words_may_leave=DUTY), TODAY) == []


def test_a_model_outside_is_seen_in_the_settings(tmp_path: Path) -> None:
    for slot, external, leave in (("off", True, False), ("remote", False, False), ("remote", True, True)):
        settings = Settings(home=tmp_path, counsellor=slot, counsellor_external=external)
        assert gather(settings).words_leave is leave


def test_nothing_known_is_nothing_met() -> None:
    assert len(unmet(LiveFacts(), TODAY)) == 10


def test_ninety_days_are_the_last_day() -> None:
    on = TODAY - timedelta(days=90)
    facts = replace(READY, hotlines_checked={"12356": on}, duty_telephone=replace(DUTY, on=on))
    assert unmet(facts, TODAY) == []
    assert len(unmet(facts, TODAY + timedelta(days=1))) == 2


def test_a_changed_word_needs_a_new_signature(tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "danger.yml").write_text("我在听。")
    before = fingerprint(tmp_path, ["domain"])
    (tmp_path / "domain" / "danger.yml").write_text("我在听!")
    assert fingerprint(tmp_path, ["domain"]) != before
    assert fingerprint(tmp_path, ["domain", "missing.yml"]) is None


def test_a_fresh_clone_cannot_start_live(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, mode="live", home=tmp_path)
    assert len(unmet(gather(settings), TODAY)) == 9


def test_the_sign_off_is_read_from_the_file_that_the_district_keeps(tmp_path: Path) -> None:
    content = live_checks.fingerprint(live_checks.ROOT, live_checks.WORDING)
    (tmp_path / "live.yml").write_text(
        f"wording: {{by: 方医生, day: 2026-11-01, content: '{content}'}}\n"
        "restored_backup: {by: 小孙, day: 2026-11-20}\n"
        "duty_telephone: {by: 小郑, day: yesterday}\n"  # not a day: not known
    )
    lines = unmet(gather(Settings(_env_file=None, mode="live", home=tmp_path)), TODAY)
    assert not any(line.startswith("备份恢复演练") for line in lines)
    assert any(line.startswith("值班电话") for line in lines)
    if content is not None:
        assert not any(line.startswith("话术") for line in lines)


@pytest.mark.parametrize("damage", ["- a list", "wording: x", "\x00", "wording: {by: 1, day: 2}", "{"])
def test_a_damaged_sign_off_signs_nothing(tmp_path: Path, damage: str) -> None:
    (tmp_path / "live.yml").write_text(damage)
    facts = gather(Settings(_env_file=None, mode="live", home=tmp_path))
    assert facts.wording is None
    assert facts.policy is None
