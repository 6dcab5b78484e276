"""The resident's side of a ticket, by the code that only they were given: where it stands, and what they want said.

Without login, so nothing here is personal. A code is never written down but as its blind index, words only sealed.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import segno
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import record
from bot.conversation import SAFETY_REPLY, readable
from bot.errors import MessageTooLong, Unstorable
from bot.turn import HotlineShown
from escalation import chain, ticket_code
from escalation.closing import rescreen_invited
from escalation.errors import NotAllowed, TicketNotFound
from escalation.intake import Intake, Outcome
from escalation.rescreening import decline, declined, open_invitation, welcome
from escalation.satisfaction import Answer, answered, keep_answer
from escalation.staff import StaffAccount
from escalation.store import (
    clocks_of,
    events_of,
    follow_ups_of,
    signal_of,
    ticket_by_resident_code,
)
from escalation.ticket import FollowUp, Ticket, TicketClock, TicketEvent
from escalation.triage import Level
from models.crisis.recogniser import CrisisRecogniser
from residents.session import ResidentSession
from residents.store import disclosures_of, lock_session
from server.documents import OPENED
from server.limits import Limits
from server.progress_schemas import (
    Asked,
    Choice,
    Kind,
    NextStep,
    ProgressPage,
    Wish,
    WishMade,
    WishTaken,
)
from server.schemas import Opening, ProgressStep
from storage import audit
from storage.database import Database

LOCAL = ZoneInfo("Asia/Shanghai")
LONGEST_WISH = 500
KNOWN = 10_000
UNANSWERED = timedelta(days=1)
"""By when an office should have looked at what is said about a matter that has no deadline any more."""

_STEPS = (("acknowledge", "有人接手"), ("speak", "和您通话"), ("visit", "上门看您"))
_NEXT = {
    "acknowledge": "会有人接手",
    "contact": "会有人联系您",
    "speak": "会有人和您通话",
    "visit": "会有人上门看您",
}
_OPENED = {
    "words": "您说过的话",
    "name phone address safe_to_call trusted_person": "您的联系方式",
    **OPENED,
}
_ROLES = {
    "social_worker": "社工",
    "judicial_officer": "工作人员",
    "supervisor": "负责人",
    "duty_officer": "值班员",
    "counsellor": "心理辅导员",
    "volunteer": "志愿者",
}
_SAID: dict[Kind, str] = {
    "suits": "居民说了什么时候方便。",
    "not_home": "居民说那时不在家。",
    "object": "居民有不同意见。",
    "thanks": "居民说了谢谢。",
}
_MADE: dict[Kind, str] = {
    "suits": "您说了什么时候方便",
    "not_home": "您说了那时不在家",
    "object": "您提了不同意见",
    "thanks": "您说了谢谢",
}
_TAKEN: dict[Kind, str] = {
    "suits": "记下了，已经转给{office}，会尽量照您方便的时间来。",
    "not_home": "记下了，已经告诉{office}，会先和您约好时间。",
    "object": "记下了。{office}的负责人也会看到，会重新看一遍，再给您回话。",
    "thanks": "收到了，谢谢您告诉我们。有新的难处，随时再来说。",
}
_QUESTION = "这件事办得怎么样？"
_CHOICES = {Answer.WELL: "办得好", Answer.SO_SO: "一般", Answer.BADLY: "不满意"}
_ANSWERED = "收到了，谢谢您告诉我们。只合在一起数，办事的人看不到是谁答的。"
_DANGER = "已经请{office}的人尽快联系您。"
_ELEVATED = "愿意的话，请回到聊天里接着说，我在。"


class ProgressDesk:
    """Everything behind a resident's code. `TicketNotFound` for whatever is not one, always in the same words.

    Wrong codes are counted by address and in all, so that nobody guesses through them; who looks again at a code
    that was right before is not held up by others' guessing.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        intake: Intake,
        recogniser: CrisisRecogniser,
        hotlines: Callable[[], list[HotlineShown]],
        limits: Limits,
        link: str,
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.intake = intake
        self.recogniser = recogniser
        self.hotlines = hotlines
        self.limits = limits
        self.link = link
        self._known: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._lock = threading.Lock()

    # --- looking -----------------------------------------------------------------------------------

    def look(self, code: str, address: str) -> ProgressPage:
        """Where a matter stands."""
        with self.database.transaction() as db:
            self.intake.telling.districts.refresh(db)
            return self._page(db, self._ticket(db, code, address), ticket_code.normalise(code))

    def qr(self, code: str) -> bytes:
        """The page's address as a picture. It is drawn for every well-formed code, so it tells nothing of any."""
        written = ticket_code.normalise(code)
        if not ticket_code.valid(written):
            raise TicketNotFound()
        drawn = BytesIO()
        made = segno.make(f"{self.link}/t/{written}", error="m", micro=False)
        made.save(drawn, kind="svg", xmldecl=False, omitsize=True, border=4, light="#fff")
        return drawn.getvalue()

    def _ticket(self, db: Session, code: str, address: str) -> Ticket:
        written = ticket_code.normalise(code)
        index = self.vault.index("resident_code", written)
        self.limits.refuse("progress", address)
        with self._lock:
            known = (address, index) in self._known
        if not known:
            self.limits.refuse("progress_all", "all")
        ticket = ticket_by_resident_code(db, index) if ticket_code.valid(written) else None
        if ticket is None:
            self.limits.allow("progress", address)
            self.limits.allow("progress_all", "all")
            raise TicketNotFound()
        with self._lock:
            self._known[(address, index)] = None
            self._known.move_to_end((address, index))
            while len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return ticket

    def _page(self, db: Session, ticket: Ticket, written: str) -> ProgressPage:
        now = self.clock()
        office = self._office(ticket.office)
        clocks = {clock.name: clock for clock in clocks_of(db, [ticket.id])}
        follow_ups = follow_ups_of(db, [ticket.id])
        events = events_of(db, ticket)
        no_reminders = declined(db, ticket.resident_id)
        done = {"acknowledge": ticket.acknowledged_at, "speak": ticket.spoke_at, "visit": ticket.met_at}
        steps = [ProgressStep(name="收到您的情况", done_at=ticket.opened_at, due_at=None)]
        steps += [
            ProgressStep(name=label, done_at=done[name], due_at=clocks[name].due_at)
            for name, label in _STEPS
            if name in clocks and not (clocks[name].stopped_at and done[name] is None)
        ]
        steps += [ProgressStep(name="再来问候", done_at=f.done_at, due_at=f.due_at) for f in follow_ups]
        openings = [
            Opening(
                at=d.at, who=f"{self._office(d.office)} {d.opened_by or ''}".strip(), what=_OPENED[d.fields]
            )
            for d in disclosures_of(db, ticket.resident_id)
            if d.ticket_code == ticket.code and d.fields in _OPENED
        ]
        return ProgressPage(
            code=written,
            sentence=_sentence(ticket, office, any(e.kind.startswith("referral") for e in events)),
            office=office,
            who=self._who(db, ticket, office),
            rescreen=not no_reminders
            and (
                rescreen_invited(db, ticket.resident_id, now)
                or open_invitation(db, ticket.resident_id) is not None
            ),
            reminders_off=no_reminders,
            next=next_step(ticket, list(clocks.values()), follow_ups, now),
            steps=steps,
            openings=openings,
            wishes=[
                WishMade(at=e.at, what=_MADE[e.kind.partition(".")[2]])  # type: ignore[index]
                for e in events
                if e.kind.startswith("wish.")
            ],
            asked=self._asked(db, ticket),
            closed=ticket.closed_at is not None,
            hotlines=self.hotlines(),
        )

    def _asked(self, db: Session, ticket: Ticket) -> Asked | None:
        if ticket.closed_at is None:
            return None
        done = answered(db, ticket.id) is not None
        return Asked(
            question=_QUESTION,
            choices=[] if done else [Choice(value=int(one), words=words) for one, words in _CHOICES.items()],
            thanks=_ANSWERED if done else None,
        )

    def how_it_went(self, code: str, address: str, answer: int) -> ProgressPage:
        """Keep how the resident found a closed matter handled. The first answer holds; it stands on no time line.

        `NotAllowed` while the matter is open.
        """
        with self.database.transaction() as db:
            found = self._ticket(db, code, address)
            if found.closed_at is None:
                raise NotAllowed("这件事还在办，办结以后再告诉我们办得怎么样。")
            keep_answer(db, found.id, Answer(answer), self.clock())
            return self._page(db, found, ticket_code.normalise(code))

    def _office(self, code: str) -> str:
        return self.intake.district.office_once(code).name

    def _who(self, db: Session, ticket: Ticket, office: str) -> str:
        holder = db.get(StaffAccount, ticket.holder_id) if ticket.holder_id is not None else None
        if holder is None:
            return f"{office} · 值班工作人员"
        return f"{self._office(holder.office)} · {_ROLES.get(holder.role, '工作人员')} {ticket.holder_name}"

    def remind(self, code: str, address: str, wanted: bool) -> ProgressPage:
        """Keep whether this resident wants to be asked again some day; the time line of an open matter says so."""
        with self.database.transaction() as db:
            found = self._ticket(db, code, address)
            now = self.clock()
            lock_session(db, found.session_id)
            if declined(db, found.resident_id) is wanted:
                (welcome if wanted else decline)(db, found.resident_id, now)
                if found.closed_at is None:
                    text = "居民说可以再提醒做小测试。" if wanted else "居民说不要再提醒做小测试。"
                    chain.note(db, found, "reminders", "居民", text, now)
            db.flush()
            return self._page(db, found, ticket_code.normalise(code))

    # --- saying something --------------------------------------------------------------------------

    def wish(self, code: str, address: str, wish: Wish) -> WishTaken:
        """Keep what somebody wants said, sealed, and tell those who have the matter in hand.

        The words are read for danger first, and danger is acted on like anywhere else, however often or long it is
        said. The same wish sent twice is taken once. Thanks tell nobody and open nothing again.
        """
        words = readable(wish.text).strip()
        with self.database.transaction() as db:
            found = self._ticket(db, code, address)
            session = lock_session(db, found.session_id)
            kept = db.scalar(select(TicketEvent).where(TicketEvent.client_id == wish.client_id))
            if kept is not None and kept.ticket_id != found.id:
                raise NotAllowed("这一句没有记下，请刷新页面再说一次。")
            now = self.clock()
            if kept is None:
                event_id = uuid4()
                outcome = self._judge(db, session, event_id, words, now)
                alarming = outcome is not None and (
                    outcome.triage.level is not None or outcome.triage.ask_asq
                )
                if not alarming:
                    self._refuse(wish, words, found, address)
                ticket = db.get(Ticket, found.id, with_for_update=True, populate_existing=True)
                assert ticket is not None
                self._keep(db, ticket, event_id, wish, words, record.is_erased(db, session), now)
                if wish.kind != "thanks" or alarming:
                    self._tell(db, ticket, wish.kind, now)
                level, asks = (outcome.triage.level, outcome.triage.ask_asq) if outcome else (None, False)
            else:
                ticket = found
                signal = signal_of(db, f"message:{kept.id}") or signal_of(db, f"message:{kept.id}:unread")
                level = Level(signal.level) if signal is not None and signal.level else None
                asks = signal is not None and signal.asks_directly
            db.flush()
            page = self._page(db, ticket, ticket_code.normalise(code))
        return WishTaken(
            sentence=_answer(wish.kind, level, asks, page.office),
            danger=asks or (level is not None and level >= Level.ORANGE),
            hotlines=page.hotlines,
            progress=page,
        )

    def hear_oversize(self, code: str, address: str, text: str) -> None:
        """Read the two ends of what is too large to be taken, and act on danger in them."""
        words = readable(text)
        if self._reading(words)[0] == "none":
            return
        with self.database.transaction() as db:
            ticket = self._ticket(db, code, address)
            self._judge(db, lock_session(db, ticket.session_id), uuid4(), words, self.clock())

    def _reading(self, words: str) -> tuple[str, Sequence[str], bool, list[tuple[str, int, int]]]:
        try:
            read = self.recogniser.read(words)
        except Exception:  # whatever broke in reading, "not read" is not "no risk"
            return "unread", (), False, []
        spans = [(reason.rule, reason.start, reason.end) for reason in read.reasons]
        return read.level, tuple(read.categories), read.imminent, spans

    def _judge(
        self, db: Session, session: ResidentSession, event_id: UUID, words: str, now: datetime
    ) -> Outcome | None:
        """What the words were read as, acted on in this transaction; None where nothing was said."""
        if not words:
            return None
        level, categories, imminent, spans = self._reading(words)
        return self.intake.receive_words(db, session, event_id, level, categories, imminent, spans, now)

    def _refuse(self, wish: Wish, words: str, ticket: Ticket, address: str) -> None:
        """Nothing dangerous was said: then it may be too long, not storable, or too often."""
        if len(wish.text) > LONGEST_WISH:
            raise MessageTooLong()
        if words != wish.text.strip():
            raise Unstorable()
        self.limits.refuse("wish_address", address)
        self.limits.allow("wish", ticket.code)
        self.limits.allow("wish_address", address)

    def _keep(
        self, db: Session, ticket: Ticket, event_id: UUID, wish: Wish, words: str, erased: bool, now: datetime
    ) -> None:
        event = TicketEvent(
            id=event_id,
            ticket_id=ticket.id,
            client_id=wish.client_id,
            at=now,
            kind=f"wish.{wish.kind}",
            who="居民",
            text=_SAID[wish.kind],
        )
        if words and not (erased and ticket.closed_at is not None):  # nothing would ever take it away again
            self.vault.seal(event, "note", words)
        db.add(event)
        audit.record(
            db, actor="resident", action="wish", subject=f"ticket:{ticket.code}", at=now, kind=wish.kind
        )

    def _tell(self, db: Session, ticket: Ticket, kind: Kind, now: datetime) -> None:
        """Tell the office of whoever has it, its lead of an objection too; at most once a quarter of an hour each."""
        due = [c.due_at for c in clocks_of(db, [ticket.id]) if c.stopped_at is None and c.due_at > now]
        respond_by = min(due, default=now + UNANSWERED)
        office = chain.office_of_holder(db, ticket) or ticket.office
        occasion = f"wish.{kind}.{now.timestamp() // chain.AGAIN_EVERY.total_seconds():.0f}"
        telling = self.intake.telling
        chain.tell(db, ticket, "office", occasion, respond_by, telling, now, office=office)
        if kind == "object":
            chain.tell(db, ticket, "supervisor", occasion, respond_by, telling, now, office=office)


def next_step(
    ticket: Ticket, clocks: Sequence[TicketClock], follow_ups: Sequence[FollowUp], now: datetime
) -> NextStep | None:
    """The nearest promise that is still open, as one says it: 今天 15:30 前会有人联系您."""
    running = [c for c in clocks if c.name in _NEXT and c.stopped_at is None and ticket.closed_at is None]
    if ticket.holder_id is None:
        running = [c for c in running if c.name != "contact"]
    else:
        running = [c for c in running if c.name != "acknowledge"]
    if running:
        clock = min(running, key=lambda c: c.due_at)
        when, promise = day_and_time(clock.due_at, now), _NEXT[clock.name]
        if clock.due_at < now:
            sentence = f"原定{when}前{promise}，晚了，对不起。已经报给上面的负责人在催。"
        else:
            sentence = f"{when}前{promise}。"
        return NextStep(sentence=sentence, due_at=clock.due_at, late=clock.due_at < now)
    waiting = [f for f in follow_ups if f.done_at is None]
    if waiting:
        due = min(f.due_at for f in waiting)
        sentence = f"{day_and_time(due, now)}前后会再来问候您。"
        if due < now:
            sentence = f"原定{day_and_time(due, now)}来问候您，晚了，对不起，已经在催。"
        return NextStep(sentence=sentence, due_at=due, late=due < now)
    return None


def day_and_time(at: datetime, now: datetime) -> str:
    """今天 15:30, 明天 09:00, 11月24日 09:00: as the district's clock says it."""
    local = at.astimezone(LOCAL)
    days = (local.date() - now.astimezone(LOCAL).date()).days
    day = {-1: "昨天", 0: "今天", 1: "明天"}.get(days, f"{local.month}月{local.day}日")
    return f"{day} {local:%H:%M} "


def _answer(kind: Kind, level: Level | None, asks: bool, office: str) -> str:
    """One answer to what was said: to danger before anything else."""
    if level is not None and level >= Level.ORANGE:
        name = "danger_red" if level is Level.RED else "danger_orange"
        return SAFETY_REPLY[name][0] + _DANGER.format(office=office)
    if asks:
        return SAFETY_REPLY["danger_elevated"][0].partition("。")[0] + "。" + _ELEVATED
    return _TAKEN[kind].format(office=office)


def _sentence(ticket: Ticket, office: str, referred: bool) -> str:
    if ticket.closed_at is not None:
        return f"{office}已经办完这件事。有新的难处，随时再来说。"
    if ticket.met_at is not None:
        return f"{office}的{ticket.holder_name or '同事'}已经来看过您" + (
            "，也帮您联系了能帮忙的地方。" if referred else "，会接着跟进。"
        )
    if ticket.spoke_at is not None:
        return f"{office}的{ticket.holder_name or '同事'}已经和您通过话，会接着跟进。"
    if ticket.acknowledged_at is not None:
        return f"{office}的{ticket.holder_name}已经接手，正在联系您。"
    return f"已经交到{office}，正在等工作人员接手。"
