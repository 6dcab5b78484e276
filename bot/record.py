"""A person's own record: taking it along, and having it erased."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from assessments.administration import Administration, GivenAnswer
from assessments.store import answers_of
from bot.companion import doing
from bot.companion.keeping import MoodMark, SafetyPlan, SkillRun, plan_of
from bot.transcript import Message, Received
from bot.turn import Erased
from escalation.rescreening import RescreeningInvitation, RescreeningPlan
from escalation.satisfaction import Satisfaction
from escalation.signal import Rating, Signal
from escalation.store import erase_notes, has_open_ticket
from escalation.ticket import Ticket, TicketEvent
from residents.follower import followers_of, forget_follower
from residents.one_time_code import OneTimeCode
from residents.resident import Consent, Resident
from residents.session import ResidentSession
from residents.store import consents_of, disclosures_of, erase_identity, identity_of, lock_sessions_of
from storage import audit
from storage.vault import Vault


def erase(db: Session, session: ResidentSession, now: datetime) -> Erased:
    """Erase the words, answers, scores and reasons of this person, in every conversation of theirs.

    Name, telephone, address and what workers have noted go too, unless a ticket is open: then the identity and
    that ticket's notes are kept until it closes, because somebody may be on the way (PIPL art. 13(4)); the answer
    says so. A request of this person that is still being answered waits for this, and then keeps nothing.
    """
    resident_id = session.resident_id
    lock_sessions_of(db, resident_id)
    sessions = select(ResidentSession.id).where(ResidentSession.resident_id == resident_id)
    administrations = select(Administration.id).where(Administration.resident_id == resident_id)
    db.execute(delete(GivenAnswer).where(GivenAnswer.administration_id.in_(administrations)))
    db.execute(delete(Administration).where(Administration.resident_id == resident_id))
    db.execute(delete(Received).where(Received.session_id.in_(sessions)))
    db.execute(delete(Message).where(Message.session_id.in_(sessions)))
    db.execute(delete(Rating).where(Rating.resident_id == resident_id))
    theirs_closed = select(Ticket.id).where(Ticket.resident_id == resident_id)
    db.execute(delete(Satisfaction).where(Satisfaction.ticket_id.in_(theirs_closed)))
    for kept_by_us in (SkillRun, SafetyPlan, MoodMark):
        db.execute(delete(kept_by_us).where(kept_by_us.resident_id == resident_id))
    db.execute(delete(RescreeningInvitation).where(RescreeningInvitation.resident_id == resident_id))
    db.execute(delete(RescreeningPlan).where(RescreeningPlan.resident_id == resident_id))
    forgotten = {"reasons_sealed": None, "inputs_sealed": None}
    db.execute(update(Signal).where(Signal.resident_id == resident_id).values(forgotten))
    db.execute(delete(OneTimeCode).where(OneTimeCode.resident_id == resident_id))
    came_back = update(ResidentSession).where(ResidentSession.came_back_to == resident_id)
    db.execute(came_back.values(came_back_to=None))
    ended = {"ended_at": now, "route": None, "age": None}
    db.execute(update(ResidentSession).where(ResidentSession.resident_id == resident_id).values(ended))
    forget_follower(db, resident_id)
    resident = db.get(Resident, resident_id, with_for_update=True)
    if resident is not None:
        resident.erased_at = now
    erase_notes(db, resident_id)
    kept = []
    if has_open_ticket(db, resident_id):
        kept = ["称呼、电话、住址和工作人员记下的情况：有工作人员正要联系您，等这件事办完就一起删掉"]
    else:
        erase_identity(db, resident_id)
    audit.record(
        db,
        actor="resident",
        action="record.erased",
        subject=f"resident:{resident_id}",
        at=now,
        kept=bool(kept),
    )
    return Erased(sentence="删好了。您说过的话、答过的题都已经删除。", kept=kept)


def is_erased(db: Session, session: ResidentSession) -> bool:
    """Whether this person's record was erased, as it stands in the database at this moment."""
    return erased(db, session.resident_id)


def erased(db: Session, resident_id: UUID) -> bool:
    """Whether this person's record was erased."""
    return db.scalar(select(Resident.erased_at).where(Resident.id == resident_id)) is not None


def export(db: Session, vault: Vault, session: ResidentSession) -> dict[str, object]:
    """Everything that is kept about this person, opened for themselves."""
    resident_id = session.resident_id
    sessions = db.scalars(select(ResidentSession).where(ResidentSession.resident_id == resident_id)).all()
    identity = identity_of(db, resident_id)
    fields = ("name", "phone", "address", "safe_to_call", "trusted_person")
    return {
        "说明": "这是系统里和您有关的全部记录。",
        "联系方式": {f: vault.open(identity, f) for f in fields} if identity else {},
        "同意": [
            {"内容": c.scope, "同意": c.given, "时间": c.at.isoformat()}
            for c in db.scalars(
                select(Consent).where(Consent.resident_id == resident_id).order_by(Consent.at)
            )
        ],
        "现在的同意": {str(k): v for k, v in consents_of(db, resident_id).items()},
        "微信": [
            {"从": f.came_at.isoformat(), "最近": f.heard_at.isoformat(), "账号": vault.open(f, "openid")}
            for f in followers_of(db, resident_id)
        ],
        "对话": [
            {"时间": m.at.isoformat(), "谁": m.author, "内容": vault.open(m, "text")}
            for s in sessions
            for m in db.scalars(select(Message).where(Message.session_id == s.id).order_by(Message.position))
        ],
        "答题": [
            {"量表": a.instrument, "版本": a.version, "作答": answers_of(db, vault, a.id)}
            for a in db.scalars(select(Administration).where(Administration.resident_id == resident_id))
        ],
        "约好再来答题": [
            {"从": p.made_at.isoformat(), "下次": p.next_at.isoformat() if p.next_at else None}
            for p in db.scalars(
                select(RescreeningPlan).where(
                    RescreeningPlan.resident_id == resident_id, RescreeningPlan.ended_at.is_(None)
                )
            )
        ],
        "难受时怎么办": plan_of(db, vault, resident_id),
        "心情": [
            {"时间": mark.at.isoformat(), "心情": vault.open(mark, "value")}
            for mark in db.scalars(
                select(MoodMark).where(MoodMark.resident_id == resident_id).order_by(MoodMark.at)
            )
        ],
        "一起做过的": [
            {"什么": run.skill, "开始": run.started_at.isoformat(), "写下的": dict(doing.card_of(vault, run))}
            for run in db.scalars(
                select(SkillRun).where(SkillRun.resident_id == resident_id).order_by(SkillRun.started_at)
            )
        ],
        "工单": [
            {"编号": vault.open(t, "resident_code"), "打开": t.opened_at.isoformat(), "状态": t.state}
            for t in db.scalars(select(Ticket).where(Ticket.resident_id == resident_id))
        ],
        "进度页上说的": [
            {"时间": e.at.isoformat(), "内容": vault.open(e, "note")}
            for e in db.scalars(
                select(TicketEvent)
                .join(Ticket, Ticket.id == TicketEvent.ticket_id)
                .where(Ticket.resident_id == resident_id, TicketEvent.kind.startswith("wish."))
                .order_by(TicketEvent.at, TicketEvent.position)
            )
        ],
        "办得怎么样": [
            {"时间": one.at.isoformat(), "回答": one.answer}
            for one in db.scalars(
                select(Satisfaction)
                .join(Ticket, Ticket.id == Satisfaction.ticket_id)
                .where(Ticket.resident_id == resident_id)
                .order_by(Satisfaction.at)
            )
        ],
        "查看记录": [
            {"时间": d.at.isoformat(), "单位": d.office, "谁": d.opened_by, "依据": d.basis, "内容": d.fields}
            for d in disclosures_of(db, resident_id)
        ],
    }
