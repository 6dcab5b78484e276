"""The story of one WeChat message, from the first sight of it to its answer.

It is known again (WeChat sends up to three times), kept and read for danger by the conversation, acted on, and put into
words. What is ready within `PATIENCE` goes back in the same request; WeChat waits five seconds. What is not, goes out
by itself as a customer-service message (`server/wechat/post.py`), and so does whatever a worker says in the chat.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid5

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import transcript
from bot.conversation import Conversation
from bot.errors import (
    AgeNotSaid,
    ChatNotAgreed,
    ConsentMissing,
    ConversationError,
    Locked,
    NothingToAnswer,
    SessionOver,
)
from bot.moving import Moving
from residents.follower import Follower, WechatHeard, WechatOutgoing
from residents.resident import Resident, Scope
from residents.session import ResidentSession, new_sender, new_token, token_hash
from residents.store import consents_of, lock_session
from server.wechat.messages import Said
from server.wechat.saying import (
    WORDING,
    Fixed,
    Offer,
    Spoken,
    Wish,
    hotline_words,
    kind_words,
    offer_of,
    spoken,
    wish_of,
)
from storage import audit
from storage.database import Database
from storage.errors import SealBroken

T = TypeVar("T")
log = logging.getLogger("xinqiao")

PATIENCE = 4.0
"""Seconds after which WeChat gets an empty answer, one before it gives up waiting."""
CLAIM = timedelta(seconds=4.5)
"""After this WeChat sends it again, and whoever then takes it may go on: the conversation does nothing twice."""
ASKED_BEFORE_ERASING = ("utter_delete_record", "utter_record_deletion_asked", "safety_deletion_asked")
SPACE = UUID("6f0f2c1e-0c43-4a33-9d0a-2f8d3a1f7b55")
HEARD_EVENTS = frozenset({"subscribe", "scan", "click"})


@dataclass
class Kept:
    """One message that was taken in: whose it is, and where their conversation stands."""

    heard_id: UUID
    follower_id: UUID
    session: ResidentSession | None
    client_id: UUID
    agreed: bool
    began: bool
    came_before: bool
    asked_to_erase: bool
    menu: tuple[Offer, ...]


@dataclass
class _Answered:
    """This message came before: its answer, or None while somebody is still at it."""

    text: str | None


@dataclass
class _Wait:
    """Whether WeChat still waits for this answer."""

    late: bool = False


@dataclass
class _Erased:
    """The record is gone, and with it everything that an answer could be kept in."""

    text: str


@dataclass
class WechatDoor:
    """Takes what WeChat brings. Answers with a text for the same request, or None for an empty one."""

    database: Database
    clock: Callable[[], datetime]
    conversation: Conversation
    moving: Moving
    link: str
    patience: float = PATIENCE
    running: set[asyncio.Task[Any]] = field(default_factory=set)

    async def take(self, said: Said) -> str | None:
        """Act on one message. It goes on behind an empty answer when it takes longer than WeChat waits."""
        wait = _Wait()
        task = asyncio.create_task(self._whole(said, wait))
        self._remember(task)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self.patience)
        except TimeoutError:
            wait.late = True
            self._remember(asyncio.create_task(self._send_later(task, said)))
            return None
        except Exception:  # nothing was kept that anybody could answer: say so, with the numbers
            return str(WORDING["broken"])

    async def finish(self) -> None:
        """Wait for whatever still goes on behind an empty answer."""
        while self.running:
            await asyncio.gather(*self.running, return_exceptions=True)

    def _remember(self, task: asyncio.Task[Any]) -> None:
        self.running.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self.running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("wechat: %s", type(task.exception()).__name__)

    async def _send_later(self, task: asyncio.Task[str | None], said: Said) -> None:
        """What was still meant for the request, which nobody waits for any more, is sent instead."""
        text = await task
        if text is not None:
            await self._in_thread(self._queue_for, said, text)

    async def _whole(self, said: Said, wait: _Wait) -> str | None:
        if said.kind == "event" and said.event == "unsubscribe":
            await self._in_thread(self._gone, said)
            return None
        if said.kind == "event" and said.event not in HEARD_EVENTS:
            return None
        kept = await self._in_thread(self._keep, said)
        if isinstance(kept, _Answered):
            return kept.text
        try:
            does = await self._act(kept, said)
        except Exception:
            await self._in_thread(self._let_go, kept)
            raise
        if isinstance(does, _Erased):
            return does.text
        return await self._in_thread(self._settle, kept, does, wait)

    # --- taking in ---------------------------------------------------------------------------------

    def _keep(self, said: Said) -> Kept | _Answered:
        """Know this message again, or write it down; find who it is, and their conversation."""
        for _ in range(3):
            try:
                with self.database.transaction() as db:
                    return self._kept(db, said)
            except IntegrityError:  # the same person's first two messages at once
                continue
        with self.database.transaction() as db:
            return self._kept(db, said)

    def _kept(self, db: Session, said: Said) -> Kept | _Answered:
        now, vault = self.clock(), self.database.vault
        self.conversation.intake.telling.districts.refresh(db)
        index = vault.index("wechat_openid", said.who)
        known = db.scalar(select(Follower).where(Follower.openid_index == index))
        came_before = known is not None
        follower = self.locked(db, known.id) if known is not None else None
        if follower is None:
            came_before = False
            resident = Resident(arrived_at=now)
            db.add(resident)
            db.flush()
            follower = Follower(resident_id=resident.id, openid_index=index, came_at=now, heard_at=now)
            db.add(follower)
        vault.seal(follower, "openid", said.who)
        db.flush()
        mark = vault.index("wechat_mark", said.mark).hex()
        heard = db.scalar(select(WechatHeard).where(WechatHeard.mark == mark).with_for_update())
        if heard is not None and (heard.done_at is not None or heard.claimed_until > now):
            heard.late = heard.late or heard.done_at is None
            return _Answered(vault.open(heard, "answer"))
        if heard is None:
            heard = WechatHeard(follower_id=follower.id, mark=mark, at=now, claimed_until=now + CLAIM)
            db.add(heard)
        heard.claimed_until = now + CLAIM
        follower.heard_at, follower.left_at = now, None
        follower.held, follower.next_try_at, follower.tries = None, None, 0
        session, began = self._session(db, follower, said, now)
        db.flush()
        return Kept(
            heard_id=heard.id,
            follower_id=follower.id,
            session=session,
            client_id=client_id_of(mark),
            agreed=consents_of(db, follower.resident_id)[Scope.CHAT],
            began=began,
            came_before=came_before,
            asked_to_erase=follower.asked_to_erase,
            menu=self._menu(follower),
        )

    def locked(self, db: Session, follower_id: UUID) -> Follower | None:
        """The follower's row, locked after their conversation's, as everywhere."""
        for _ in range(5):
            session_id = db.scalar(select(Follower.session_id).where(Follower.id == follower_id))
            if session_id is not None:
                lock_session(db, session_id)
            row = db.get(Follower, follower_id, with_for_update=True, populate_existing=True)
            if row is None or row.session_id == session_id:
                return row
        raise RuntimeError("a conversation that never stands still")

    def _session(
        self, db: Session, follower: Follower, said: Said, now: datetime
    ) -> tuple[ResidentSession | None, bool]:
        """Their living conversation at this door, or a new one of the same person.

        Nobody begins one by leaving or by erasing: these are about the last one, alive or not.
        """
        last = db.get(ResidentSession, follower.session_id) if follower.session_id else None
        place = self.conversation.place_of(_scene(said), now)
        if last is not None and last.door == "wechat" and last.alive(now):
            last.seen_at = now
            last.place = place or last.place
            return last, False
        if said.kind == "text" and wish_of(said.words) in ("leave", "erase"):
            return last, False
        session = ResidentSession(
            resident_id=follower.resident_id,
            token_hash=token_hash(new_token()),  # no cookie opens it
            sender=new_sender(),
            door="wechat",
            place=place,
            opened_at=now,
            seen_at=now,
        )
        db.add(session)
        db.flush()
        audit.record(db, actor="resident", action="session.opened", subject=f"session:{session.id}", at=now)
        follower.session_id, follower.told, follower.card_told = session.id, -1, False
        follower.asked_to_erase = False
        self._keep_menu(follower, ())
        return session, True

    def _gone(self, said: Said) -> None:
        """They do not follow any more: nothing can be sent, and nothing is kept for sending. A ticket stays open."""
        now = self.clock()
        index = self.database.vault.index("wechat_openid", said.who)
        with self.database.transaction() as db:
            known = db.scalar(select(Follower.id).where(Follower.openid_index == index))
            follower = self.locked(db, known) if known is not None else None
            if follower is None:
                return
            follower.left_at, follower.openid_sealed = now, None
            self._keep_menu(follower, ())
            db.execute(delete(WechatOutgoing).where(WechatOutgoing.follower_id == follower.id))
            session = db.get(ResidentSession, follower.session_id) if follower.session_id else None
            if session is not None and session.ended_at is None and session.door == "wechat":
                session.ended_at = now
                self.conversation.intake.pause_screening(db, session)
                audit.record(
                    db, actor="resident", action="session.left", subject=f"session:{session.id}", at=now
                )

    # --- acting ------------------------------------------------------------------------------------

    async def _act(self, kept: Kept, said: Said) -> Fixed | _Erased:
        """Do what this message asks for; say what the dialogue does not say by itself."""
        if said.kind == "event":
            return await self._event(kept, said)
        wish = wish_of(said.words)
        if wish == "erase":
            return await self._erase(kept)
        if kept.asked_to_erase:
            await self._in_thread(self._mark_erasing, kept, False)
        if wish == "leave":
            if kept.session is not None and kept.session.ended_at is None:
                await self.conversation.leave(kept.session)
            return Fixed((WORDING["left"],))
        if not said.words.strip():
            return Fixed((kind_words(said.kind),))
        try:
            return await self._words(kept, said.words, wish)
        except ConversationError as error:
            return await self._refused(kept, error)

    async def _words(self, kept: Kept, words: str, wish: Wish | None) -> Fixed | _Erased:
        session = kept.session
        assert session is not None
        if wish == "hotlines":
            return Fixed((hotline_words(self.conversation.turns.hotlines()),))
        if wish == "agree":
            return await self._agree(kept)
        if wish == "disagree":
            ticks = {scope.value: False for scope in Scope}
            await self.conversation.consent(session, ticks)
            return Fixed((WORDING["not_agreed"],))
        if wish == "page" and kept.agreed:
            return await self._page(kept)
        if wish == "person":
            await self.conversation.call_person(session, kept.client_id)
            return Fixed()
        offer = offer_of(words, kept.menu)
        if offer is None and wish in ("skip", "pause") and await self._in_thread(self._asks, session):
            offer = Offer("choose", "skip_item" if wish == "skip" else "pause_screening", words)
        greeting = (WORDING["again"],) if kept.began and kept.agreed and kept.came_before else ()
        if offer is not None:
            done = await self._take_up(kept, offer)
            return done if isinstance(done, _Erased) else Fixed((*greeting, *done.texts), done.offers)
        await self.conversation.reply(session, kept.client_id, words)
        return Fixed(greeting)

    async def _take_up(self, kept: Kept, offer: Offer) -> Fixed | _Erased:
        """Do what a digit stands for."""
        session = kept.session
        assert session is not None
        if offer.act == "contact":
            turn = await self._in_thread(self.conversation.state, session, None)
            if turn.contact is None:
                raise NothingToAnswer()
            await self.conversation.contact(session, kept.client_id, turn.contact.field, offer.value)
        elif offer.act == "answer":
            administration, item, value = offer.value.rsplit("/", 2)
            await self.conversation.answer(session, kept.client_id, UUID(administration), item, int(value))
        elif offer.value == "export_record":
            return await self._page(kept)
        elif offer.value == "delete_record":
            return await self._erase(kept, sure=await self._in_thread(self._asked_by_dialogue, session))
        elif offer.value == "leave":
            await self.conversation.leave(session)
            return Fixed((WORDING["left"],))
        else:
            await self.conversation.choose(session, kept.client_id, offer.value)
        return Fixed()

    async def _agree(self, kept: Kept) -> Fixed:
        assert kept.session is not None
        if kept.agreed:
            return Fixed((WORDING["agreed_before"],))
        turn = await self.conversation.consent(kept.session, {"chat": True})
        greeted = any(message.author == "program" for message in turn.messages)
        return Fixed() if greeted else Fixed((WORDING["agreed"],))

    async def _event(self, kept: Kept, said: Said) -> Fixed | _Erased:
        if said.event in ("subscribe", "scan"):
            return Fixed((WORDING["again"],)) if kept.agreed else Fixed((WORDING["welcome"],))
        if said.key in WORDING["words"]:
            said = replace(said, kind="text", words=WORDING["words"][said.key][0])
            return await self._act(kept, said)
        chosen = WORDING["menu_keys"].get(said.key)
        if chosen is None:
            return Fixed()
        if not kept.agreed:
            return Fixed((WORDING["welcome"],))
        try:
            return await self._take_up(kept, Offer("choose", chosen, ""))
        except ConversationError as error:
            return await self._refused(kept, error)

    async def _refused(self, kept: Kept, error: ConversationError) -> Fixed:
        """What to say when the conversation refuses; words of danger never come here."""
        if isinstance(error, ChatNotAgreed):
            return Fixed((WORDING["welcome"] if not kept.came_before else WORDING["ask_consent"],))
        if isinstance(error, AgeNotSaid):
            return await self._page(kept)
        if isinstance(error, ConsentMissing):
            agrees = Offer("choose", "agree_screening", WORDING["agree_screening"])
            return Fixed(
                (WORDING["ask_screening"],), (agrees, Offer("choose", "not_now", WORDING["not_now"]))
            )
        if isinstance(error, SessionOver):
            return Fixed((WORDING["left"],))
        return Fixed((str(error),))

    async def _page(self, kept: Kept) -> Fixed:
        """A link by which this conversation goes on at the page. It holds a code that works once, and nothing else."""
        assert kept.session is not None
        try:
            given = await self._in_thread(self.moving.give, kept.session)
        except Locked:
            return Fixed()
        link = f"{self.link}/q/#{given.code.replace(' ', '')}"
        return Fixed((WORDING["on_the_page"].format(link=link),))

    async def _erase(self, kept: Kept, *, sure: bool = False) -> Fixed | _Erased:
        """Asked once, done the second time: everything of this person, in every conversation of theirs."""
        session = kept.session
        if session is None:
            await self._in_thread(self._drop, kept)
            return _Erased(WORDING["nothing_to_erase"])
        if not (sure or kept.asked_to_erase):
            await self._in_thread(self._mark_erasing, kept, True)
            return Fixed((WORDING["erase_asked"],))
        erased = await self.conversation.erase(session)
        return _Erased("\n".join([erased.sentence, *erased.kept]))

    def _mark_erasing(self, kept: Kept, asked: bool) -> None:
        with self.database.transaction() as db:
            follower = self.locked(db, kept.follower_id)
            if follower is not None:
                follower.asked_to_erase = asked

    def _drop(self, kept: Kept) -> None:
        """Somebody who has said nothing yet is not even remembered as a follower."""
        with self.database.transaction() as db:
            follower = self.locked(db, kept.follower_id)
            if follower is not None and follower.session_id is None:
                db.execute(delete(WechatHeard).where(WechatHeard.follower_id == follower.id))
                db.execute(delete(WechatOutgoing).where(WechatOutgoing.follower_id == follower.id))
                db.delete(follower)
                db.flush()
                db.execute(delete(Resident).where(Resident.id == follower.resident_id))

    def _asked_by_dialogue(self, session: ResidentSession) -> bool:
        with self.database.transaction() as db:
            _, last = transcript.names_said(db, session.id)
        return (last or "").startswith(ASKED_BEFORE_ERASING)

    def _asks(self, session: ResidentSession) -> bool:
        return self.conversation.state(session, None).screening is not None

    # --- answering ---------------------------------------------------------------------------------

    def _settle(self, kept: Kept, fixed: Fixed, wait: _Wait) -> str | None:
        """Put what is new into words, once: the first message for the request, the others to be sent."""
        with self.database.transaction() as db:
            follower = self.locked(db, kept.follower_id)
            heard = db.get(WechatHeard, kept.heard_id, with_for_update=True, populate_existing=True)
            if follower is None or heard is None:
                return None  # erased meanwhile
            if heard.done_at is not None:  # somebody took it over and has answered
                return None
            texts = list(self.put_into_words(db, follower, fixed))
            heard.done_at = self.clock()
            if not texts:
                return None
            answer = None if wait.late or heard.late else texts.pop(0)
            self.database.vault.seal(heard, "answer", answer)
            self.queue(db, follower, texts)
            return answer

    def put_into_words(self, db: Session, follower: Follower, fixed: Fixed) -> tuple[str, ...]:
        """What this person has not been told yet, as messages; from now on it counts as told."""
        session = db.get(ResidentSession, follower.session_id) if follower.session_id else None
        if session is None or session.door != "wechat":  # they went on where WeChat does not see it
            return fixed.texts
        turn = self.conversation.turn_of(db, session, after=follower.told)
        words: Spoken = spoken(
            turn,
            fixed,
            self.link,
            card_told=follower.card_told,
            result_told_at=follower.result_told_at,
        )
        follower.told = transcript.last_position(db, session.id)
        follower.card_told, follower.result_told_at = words.card_told, words.result_told_at
        if words.texts:
            menu = words.menu
            if turn.screening is not None:
                stem = f"{turn.screening.administration}/{turn.screening.item}"
                menu = tuple(
                    Offer(o.act, f"{stem}/{o.value}", o.title) if o.act == "answer" else o for o in menu
                )
            self._keep_menu(follower, menu)
        return words.texts

    def queue(self, db: Session, follower: Follower, texts: list[str] | tuple[str, ...]) -> None:
        """Write down what is to be sent, in this order, after what waits already."""
        if follower.left_at is not None:
            return
        last = select(func.max(WechatOutgoing.number)).where(WechatOutgoing.follower_id == follower.id)
        number = db.scalar(last) or 0
        for offset, text in enumerate(texts, 1):
            row = WechatOutgoing(follower_id=follower.id, number=number + offset, at=self.clock())
            self.database.vault.seal(row, "text", text)
            db.add(row)
        db.flush()

    def _queue_for(self, said: Said, text: str) -> None:
        index = self.database.vault.index("wechat_openid", said.who)
        with self.database.transaction() as db:
            known = db.scalar(select(Follower.id).where(Follower.openid_index == index))
            follower = self.locked(db, known) if known is not None else None
            if follower is not None:
                self.queue(db, follower, [text])

    def _let_go(self, kept: Kept) -> None:
        """Whoever sends it again, or the post, may take this message up at once."""
        with self.database.transaction() as db:
            heard = db.get(WechatHeard, kept.heard_id)
            if heard is not None:
                heard.claimed_until = self.clock()

    def _menu(self, follower: Follower) -> tuple[Offer, ...]:
        try:
            kept = self.database.vault.open(follower, "menu")
        except SealBroken:  # then a digit is words, as at every door
            kept = None
        return tuple(Offer(*one) for one in json.loads(kept or "[]"))

    def _keep_menu(self, follower: Follower, menu: tuple[Offer, ...]) -> None:
        kept = json.dumps([[o.act, o.value, o.title] for o in menu], ensure_ascii=False) if menu else None
        self.database.vault.seal(follower, "menu", kept)

    async def _in_thread(self, act: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self.conversation.threads, partial(act, *args)
        )


def client_id_of(mark: str) -> UUID:
    """What the conversation knows this message by, however often it comes."""
    return uuid5(SPACE, mark)


def _scene(said: Said) -> str | None:
    """The place code in the account's own QR code, which a poster shows."""
    if said.kind != "event" or said.event not in ("subscribe", "scan"):
        return None
    return said.key.removeprefix("qrscene_") or None
