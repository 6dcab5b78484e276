"""What a kiosk takes in while the network is cut, and what becomes of it when the network is back (KI7).

The page has loaded one short questionnaire and what in it speaks of danger, both from what is in force here. What
somebody answers is sealed on the page with a key that only this server can make again, and waits there in memory. When
it arrives it goes through the ordinary door: a conversation of that place, each answer received as if it had come then,
so that clocks run from the resident's own time. Sent twice, it counts once. A parcel that cannot be opened is not
nothing: the office of that place is told that somebody answered and that nobody can read it.
"""

import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.orm import Session

from assessments import store as sittings
from assessments.errors import AssessmentError
from assessments.instrument import Instrument
from bot.conversation import WORDING_VERSION
from escalation import chain
from escalation.announcing import announce
from escalation.intake import Intake
from escalation.kiosks import OLDEST_PARCEL, KioskDevice
from escalation.store import has_open_ticket
from escalation.triage import Level, LevelPolicy, triage_answer
from residents.resident import Resident, Scope
from residents.session import ResidentSession, new_sender, new_token, token_hash
from residents.store import lock_session, set_consents
from server.kiosk_schemas import OfflineItem, OfflineOption, OfflinePack, OfflineParcel
from server.wiring import Services
from storage import audit
from storage.audit import AuditEntry
from storage.vault import Vault

log = logging.getLogger("xinqiao")

FORM = "phq9"
INCOMPLETE = "断网时在终端机上答的题，有的没有回答；答了的已经要见到人，没答的不能当作没事。"
ROUTE = "resident_full"
"""A way that begins with this very form."""
INFO = b"xinqiao offline parcel 1"
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class ParcelUnreadable(Exception):
    """This parcel was not sealed for this server, or does not hold answers to a form that it knows."""


@dataclass(frozen=True)
class Given:
    """One answer of a parcel, and how long the page had been open when it was given (milliseconds)."""

    item: str
    value: int | None
    at: float


def given_at(now: datetime, sent: float, at: float) -> datetime:
    """When an answer was given: as long ago as the page's own steady clock says, and never in the future (pure)."""
    ago = min(max(sent - at, 0.0), OLDEST_PARCEL / timedelta(milliseconds=1))
    return now - timedelta(milliseconds=ago)


def private_key(vault: Vault) -> ec.EllipticCurvePrivateKey:
    """The key that opens parcels: made from the keyring each time, kept nowhere else."""
    secret = int.from_bytes(vault.index("offline_parcel", "private half"), "big")
    return ec.derive_private_key(secret % (_ORDER - 1) + 1, _CURVE)


def public_half(vault: Vault) -> str:
    """What a page seals with: an uncompressed point on P-256."""
    point = private_key(vault).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return b64encode(point).decode()


def open_parcel(vault: Vault, parcel: OfflineParcel) -> dict[str, Any]:
    """What was sealed; `ParcelUnreadable` when it was not sealed for us, or was changed on the way."""
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, b64decode(parcel.key, validate=True))
        shared = private_key(vault).exchange(ec.ECDH(), theirs)
        cipher = AESGCM(HKDF(SHA256(), 32, salt=b"", info=INFO).derive(shared))
        sealed, iv = b64decode(parcel.sealed, validate=True), b64decode(parcel.iv, validate=True)
        held = json.loads(cipher.decrypt(iv, sealed, str(parcel.id).encode()))
    except (ValueError, InvalidTag) as error:
        raise ParcelUnreadable() from error
    if not isinstance(held, dict):
        raise ParcelUnreadable()
    return held


def danger_in(form: Instrument, policy: LevelPolicy) -> tuple[Mapping[str, list[int | None]], int | None]:
    """Which answers of a form call for a person, by item, and from which total on: by the table of levels (pure)."""
    answers: dict[str, list[int | None]] = {}
    for item in form.items:
        for value in (None, *(option.value for option in item.options)):
            found = triage_answer(form.id, item.id, value, policy)
            if found.ask_asq or (found.level or Level.GREEN) >= Level.ORANGE:
                answers.setdefault(item.id, []).append(value)
    totals = [
        rule.threshold
        for rule in policy.scores
        if rule.instrument == form.id
        and rule.measure == "total"
        and not rule.at_most
        and rule.level >= Level.ORANGE
    ]
    return answers, min(totals, default=None)


def make_pack(services: Services) -> OfflinePack:
    """The questionnaire of a cut network with the rules that are in force now, and the key to seal answers with."""
    intake = services.intake
    with services.database.transaction() as db:
        intake.policies.refresh(db)
    form = intake.library[FORM]
    answers, total = danger_in(form, intake.levels)
    return OfflinePack(
        form=form.id,
        content=form.content_hash,
        title=form.title,
        timeframe=form.timeframe,
        items=[
            OfflineItem(
                item=item.id,
                text=item.text,
                options=[OfflineOption(value=o.value, label=o.label) for o in item.options],
                danger=answers.get(item.id, []),
            )
            for item in form.items
        ],
        total_from=total,
        key=public_half(services.database.vault),
    )


def is_serious(
    given: Mapping[str, int | None], danger: Mapping[str, list[int | None]], total_from: int | None
) -> bool:
    """Whether these answers call for a person, by what the page went by when it said so (`danger_in`, pure).

    What was not answered adds nothing to the total, and takes nothing away.
    """
    single = any(value in danger.get(item, ()) for item, value in given.items())
    return single or (total_from is not None and sum(value or 0 for value in given.values()) >= total_from)


def receive_parcel(services: Services, device: KioskDevice, parcel: OfflineParcel) -> bool:
    """Take one parcel through the ordinary door, once; whoever still stands at the kiosk is looked in on.

    Says whether it could be read. What fails after the answers stand is made good when it is sent again.
    """
    now = services.clock()
    session_id = uuid5(device.id, str(parcel.id))
    with services.database.transaction() as db:
        db.get(
            KioskDevice, device.id, with_for_update=True
        )  # the same parcel twice at once is one after the other
        if db.get(ResidentSession, session_id) is None:
            try:
                form, answers = _read(db, services, parcel)
            except ParcelUnreadable:
                _tell_unreadable(db, services, device, parcel.id, now)
                return False
            _through_the_door(db, services.intake, device, session_id, form, answers, parcel.sent, now)
    with services.database.transaction() as db:
        session = lock_session(db, session_id)
        services.intake.look_in(db, session, now, serious=has_open_ticket(db, session.resident_id))
    return True


def _read(db: Session, services: Services, parcel: OfflineParcel) -> tuple[Instrument, list[Given]]:
    """The form in the edition that was answered, and the answers in order."""
    intake = services.intake
    intake.policies.refresh(db)
    held = open_parcel(services.database.vault, parcel)
    form: Instrument | None = intake.library[FORM]
    if held.get("form") != FORM or held.get("agreed") is not True:
        raise ParcelUnreadable()
    if held.get("content") != intake.library[FORM].content_hash:
        form = intake.policies.form(db, FORM, str(held.get("content")))
    if form is None:
        raise ParcelUnreadable()
    try:
        answers = [Given(str(a["item"]), a["value"], float(a["at"])) for a in held["answers"]]
        known = all(a.value is None or form.item(a.item).offers(a.value) for a in answers)
    except (KeyError, TypeError, ValueError, AssessmentError) as error:
        raise ParcelUnreadable() from error
    if not answers or not known or not {a.item for a in answers} <= {item.id for item in form.items}:
        raise ParcelUnreadable()
    return form, answers


def _through_the_door(
    db: Session,
    intake: Intake,
    device: KioskDevice,
    session_id: UUID,
    form: Instrument,
    answers: list[Given],
    sent: float,
    now: datetime,
) -> None:
    times = [given_at(now, sent, answer.at) for answer in answers]
    intake.telling.districts.refresh(db)
    resident = Resident(arrived_at=min(times))
    db.add(resident)
    db.flush()
    session = ResidentSession(
        id=session_id,
        resident_id=resident.id,
        token_hash=token_hash(new_token()),
        sender=new_sender(),
        door="kiosk",
        place=device.place,
        route=ROUTE,
        opened_at=min(times),
        seen_at=max(times),
        callback_wanted=False,
        worker_wanted=False,
    )
    db.add(session)
    db.flush()
    set_consents(db, resident.id, {Scope.SCREENING: True}, WORDING_VERSION, min(times))
    sitting = sittings.begin(
        db, intake.vault, form, resident_id=resident.id, session_id=session_id,
        sitting_id=uuid5(session_id, "sitting"), carried_over={}, now=min(times), route=ROUTE,
    )  # fmt: skip
    for answer, at in zip(answers, times, strict=True):
        intake.receive_answer(db, session, sitting.id, answer.item, answer.value, at)
    intake.pause_screening(db, session)
    given = {answer.item: answer.value for answer in answers}
    if is_serious(given, *danger_in(form, intake.levels)) and not has_open_ticket(db, resident.id):
        # Nobody can be asked any more what a refused or missing answer leaves open, and the page has promised a person.
        ticket = intake.open_ticket(db, session, "home_visit", Level.ORANGE, max(times))
        chain.note(db, ticket, "signal", "系统", INCOMPLETE, now)
    session.ended_at = max(times)
    audit.record(db, actor="kiosk", action="parcel.received", subject=f"session:{session_id}", at=now)


def _tell_unreadable(
    db: Session, services: Services, device: KioskDevice, parcel: UUID, now: datetime
) -> None:
    """One line for each parcel, and a word to the office once an hour for a machine, however many come."""
    subject = f"parcel:{parcel}"
    known = select(AuditEntry.seq).where(
        AuditEntry.subject == subject, AuditEntry.action == "parcel.unreadable"
    )
    if db.scalar(known.limit(1)) is not None:
        return
    log.error("a parcel of a kiosk cannot be read")
    telling = services.telling
    telling.districts.refresh(db)
    place = telling.district.place(device.place)
    name = place.name if place else device.place
    announce(
        db,
        key=f"parcel.{device.id}.{now.timestamp() // 3600:.0f}",
        audience="office",
        office=place.office if place else telling.district.desk.code,
        heading="终端机",
        level_word="打不开",
        place=name,
        text=f"{name}的终端机断网时有人答过题，可能不止一位，送到的内容打不开，请去看看刚才有没有人需要帮忙",
        link=f"{telling.link}/console/",
        respond_by=now,
        telling=telling,
        now=now,
    )
    audit.record(db, actor="kiosk", action="parcel.unreadable", subject=subject, at=now, place=device.place)
