"""The story of one WeChat message, from the first sight of it to its answer.

It is known again (WeChat sends up to three times), kept and read for danger by the conversation, acted on, and put into
words. What is ready within `PATIENCE` goes back in the same request; WeChat waits five seconds. What is not, goes out
by itself as a customer-service message (`server/wechat/post.py`), and so does whatever a worker says in the chat.

Nothing that somebody wrote is let go unread: what cannot be kept now is tried again (`AGAIN_AFTER`), and what comes
while their record is being erased is heard as that of somebody new.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
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
from bot.transcript import Bubble
from residents.follower import Follower, WechatHeard, WechatOutgoing
from residents.resident import Resident, Scope
from residents.session import ResidentSession, new_sender, new_token, token_hash
from residents.store import consents_of, lock_session
from server.wechat.messages import Said
from server.wechat.office import tell_office
from server.wechat.saying import (
    WORDING,
    Asked,
    Fixed,
    Offer,
    Spoken,
    Wish,
    hotline_words,
    is_command,
    is_not_shown,
    kind_words,
    meant,
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
AGAIN_AFTER = (1.0, 2.0, 5.0, *(15.0,) * 36)
"""Seconds between the tries to hear a message after all, when the database was away. Always fewer than after which the
post takes it for left (`GIVEN_UP_AFTER`)."""
CLAIM = timedelta(seconds=4.5)
"""After this WeChat sends it again, and whoever then takes it may go on: the conversation does nothing twice."""
ASKED_BEFORE_ERASING = ("utter_delete_record", "utter_record_deletion_asked", "safety_deletion_asked")
SPACE = UUID("6f0f2c1e-0c43-4a33-9d0a-2f8d3a1f7b55")
WISHES: frozenset[Wish] = frozenset(["agree", "disagree", "leave", "erase", "hotlines", "person", "page"])
"""What a button of the account's own menu may wish."""
TO_CONFIRM: frozenset[Wish] = frozenset(["leave", "erase", "disagree"])
"""Wishes that nobody but the person themselves can grant: with a worker in the chat they are asked back for."""
LOOKS_BACK = 5
"""The last bubbles, among which an open question may be."""
HEARD_EVENTS = frozenset({"subscribe", "scan", "click"})
UNHEARD = "wechat_unheard"
"""What our answer to something that nobody here can read is called in the transcript."""
UNHEARD_TIMES = 2
"""After so many of these, one of them the last, a person is called."""


@dataclass
class Kept:
    """One message that was taken in: whose it is, and where their conversation stands.

    `menu` and `asked`: what our last message offered, and which wishes it asked for. `heard`: its words are in the
    transcript and were read for danger.
    """

    heard_id: UUID
    follower_id: UUID
    session: ResidentSession | None
    client_id: UUID
    mark: str
    agreed: bool
    began: bool
    came_before: bool
    menu: tuple[Offer, ...]
    asked: tuple[Wish, ...]
    heard: bool = False


@dataclass
class _Answered:
    """This message came before. `done`: it was heard, and `text` is the answer for the same request sent again;
    otherwise somebody is still at it, or was and is gone."""

    text: str | None
    done: bool


@dataclass
class _Wait:
    """Since when this message is here, and whether WeChat still waits for its answer."""

    since: datetime
    late: bool = False


@dataclass
class _Erased:
    """The record is gone, and with it everything that an answer could be kept in."""

    text: str


@dataclass
class _Meaning:
    """What somebody's words are besides words. With a worker in the chat: at most what they may wish to confirm."""

    wish: Wish | None = None
    offer: Offer | None = None
    worker: bool = False


class _ErasedFirst(Exception):
    """The record of whoever wrote this was erased before it was heard."""


class _InOtherHands(Exception):
    """Somebody else has taken this message and has not answered it yet, and perhaps never will."""


@dataclass
class WechatDoor:
    """Takes what WeChat brings. Answers with a text for the same request, or None for an empty one."""

    database: Database
    clock: Callable[[], datetime]
    conversation: Conversation
    moving: Moving
    link: str
    patience: float = PATIENCE
    again_after: tuple[float, ...] = AGAIN_AFTER
    running: dict[asyncio.Task[Any], str] = field(default_factory=dict)

    async def take(self, said: Said) -> str | None:
        """Act on one message. It goes on behind an empty answer when it takes longer than WeChat waits.

        Whoever has a message in hand goes on until it was heard: what somebody else took may have died with them.
        """
        wait = _Wait(self.clock())
        at_it = said.mark in self.running.values()
        task = asyncio.create_task(self._whole(said, wait))
        self._remember(task, said)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self.patience)
        except TimeoutError:
            wait.late = True
            self._remember(asyncio.create_task(self._send_later(task, said, wait)), said)
            return None
        except _InOtherHands:
            wait.late = True
            if not at_it:  # not in ours
                self._remember(asyncio.create_task(self._try_again(said, wait)), said)
            return None
        except Exception:  # nobody knows whether it was kept: say so, with the numbers
            wait.late = True
            self._remember(asyncio.create_task(self._try_again(said, wait)), said)
            return str(WORDING["broken"])

    async def finish(self) -> None:
        """Wait for whatever still goes on behind an empty answer."""
        while self.running:
            await asyncio.gather(*self.running, return_exceptions=True)

    def _remember(self, task: asyncio.Task[Any], said: Said) -> None:
        self.running[task] = said.mark
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self.running.pop(task, None)
        if task.cancelled() or isinstance(task.exception(), _InOtherHands):
            return
        if task.exception() is not None:
            log.error("wechat: %s", type(task.exception()).__name__)

    async def _send_later(self, task: asyncio.Task[str | None], said: Said, wait: _Wait) -> None:
        """What was still meant for the request, which nobody waits for any more, is sent instead."""
        try:
            await self._send_instead(said, await task)
        except Exception:
            await self._try_again(said, wait)

    async def _try_again(self, said: Said, wait: _Wait) -> None:
        """WeChat does not send again what was answered: hear it as soon as that can be done.

        Done is only what was heard and answered. A claim is not enough: whoever made it, this process with its last
        try not excepted, may have lost the database since.
        """
        for seconds in self.again_after:
            await asyncio.sleep(seconds)
            try:
                await self._send_instead(said, await self._whole(said, wait))
                return
            except _InOtherHands:
                continue
            except Exception as error:
                log.error("wechat: not kept yet, %s", type(error).__name__)
        log.error("wechat: a message could not be kept")

    async def _send_instead(self, said: Said, text: str | None) -> None:
        """What was the answer to a request that nobody waits for any more goes out by itself."""
        if text is not None:
            await self._in_thread(self._queue_for, said, text)

    async def _whole(self, said: Said, wait: _Wait) -> str | None:
        if said.kind == "event" and said.event == "unsubscribe":
            await self._in_thread(self._unfollowed, said)
            return None
        if said.kind == "event" and said.event not in HEARD_EVENTS:
            return None
        for _ in range(3):
            try:
                return await self._once(said, wait)
            except _ErasedFirst:  # whoever writes after that is somebody new, and is heard
                continue
        return await self._once(said, wait)

    async def _once(self, said: Said, wait: _Wait) -> str | None:
        kept = await self._in_thread(self._keep, said, wait)
        if isinstance(kept, _Answered):
            if not kept.done:
                raise _InOtherHands()
            return kept.text
        try:
            does = await self._act(kept, said)
        except SessionOver:
            raise _ErasedFirst() from None
        except Exception:
            with suppress(Exception):  # then the claim runs out by itself
                await self._in_thread(self._let_go, kept)
            raise
        if isinstance(does, _Erased):
            return does.text
        return await self._in_thread(self._settle, kept, does, wait)

    # --- taking in ---------------------------------------------------------------------------------

    def _keep(self, said: Said, wait: _Wait) -> Kept | _Answered:
        """Know this message again, or write it down; find who it is, and their conversation."""
        for _ in range(3):
            try:
                with self.database.transaction() as db:
                    return self._kept(db, said, wait)
            except IntegrityError:  # the same person's first two messages at once
                continue
        with self.database.transaction() as db:
            return self._kept(db, said, wait)

    def _kept(self, db: Session, said: Said, wait: _Wait) -> Kept | _Answered:
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
            return _Answered(vault.open(heard, "answer"), heard.done_at is not None)
        if heard is None:
            heard = WechatHeard(follower_id=follower.id, mark=mark, at=now, claimed_until=now + CLAIM)
            db.add(heard)
        heard.claimed_until = now + CLAIM
        # heard at last, they may have gone on meanwhile: a digit would mean something else
        overtaken = wait.late and follower.heard_at > wait.since
        follower.heard_at, follower.left_at = now, None
        follower.held, follower.next_try_at, follower.tries = None, None, 0
        session, began = self._session(db, follower, said, now)
        menu, asked = self._menu(follower)
        asked = asked.heard_by(mark)
        self._keep_menu(follower, menu, asked)
        db.flush()
        return Kept(
            heard_id=heard.id,
            follower_id=follower.id,
            session=session,
            client_id=client_id_of(mark),
            mark=mark,
            agreed=consents_of(db, follower.resident_id)[Scope.CHAT],
            began=began,
            came_before=came_before,
            menu=() if overtaken else menu,
            asked=() if overtaken else asked.wishes,
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
        self._keep_menu(follower, (), Asked())
        return session, True

    def _unfollowed(self, said: Said) -> None:
        """They do not follow any more: nothing can be sent, and nothing is kept for sending. A ticket stays open, and
        says so. Sent again after they have come back, it changes nothing."""
        now = self.clock()
        index = self.database.vault.index("wechat_openid", said.who)
        with self.database.transaction() as db:
            known = db.scalar(select(Follower.id).where(Follower.openid_index == index))
            follower = self.locked(db, known) if known is not None else None
            mark = self.database.vault.index("wechat_mark", said.mark).hex()
            before = select(WechatHeard.id).where(WechatHeard.mark == mark)
            if follower is None or db.scalar(before) is not None:
                return
            db.add(WechatHeard(follower_id=follower.id, mark=mark, at=now, claimed_until=now, done_at=now))
            tell_office(db, follower, "gone", now)
            follower.left_at, follower.openid_sealed = now, None
            self._keep_menu(follower, (), Asked())
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
        """Do what this message asks for; say what the dialogue does not say by itself. `SessionOver` when their
        record was erased first."""
        try:
            if said.kind == "event":
                return await self._event(kept, said)
            if not said.words.strip() or is_not_shown(said.words):
                return await self._not_words(kept, said)
            return await self._words(kept, said.words)
        except SessionOver:
            raise
        except ConversationError as error:
            return await self._refused(kept, error)

    async def _not_words(self, kept: Kept, said: Said) -> Fixed:
        """A voice, a picture, a place. What stands beside it (the name of a place, the title of a link) is read for
        danger first, and is words like any others unless it is plainly harmless; with a worker in the chat always.

        Whoever cannot or will not write is not left alone with it: the second time a person is called, as when they
        had asked for one.
        """
        session = kept.session
        assert session is not None  # only words begin no conversation
        if await self._in_thread(self._to_be_heard, session, said.beside):
            await self.conversation.reply(session, kept.client_id, said.beside)
            kept.heard = True
        elif await self._in_thread(self._unheard, kept, said):
            await self.conversation.call_person(session, uuid5(kept.client_id, "person"))
        await self._in_thread(self._tell_of, kept, said)
        return Fixed() if kept.agreed else Fixed(asks=("agree", "disagree", "hotlines"))

    def _to_be_heard(self, session: ResidentSession, words: str) -> bool:
        """Whether what stands beside a place or a link, if anything does, is more than its name."""
        if not words:
            return False
        if not self._harmless(words):
            return True
        with self.database.transaction() as db:
            return self._worker_is_here(db, session)

    def _unheard(self, kept: Kept, said: Said) -> bool:
        """Answer something that nobody here can read, once, in the transcript, so that whoever comes into the chat
        sees that something came. Returns whether a person is to be called now."""
        now = self.clock()
        with self.database.transaction() as db:
            follower = self.locked(db, kept.follower_id)
            if follower is None or kept.session is None:  # erased meanwhile
                return False
            worker = self._worker_is_here(db, kept.session)
            _, whose = transcript.receive(db, self.database.vault, kept.session.id, kept.client_id, now)
            times = _times_unheard(transcript.names_in_order(db, kept.session.id))
            if whose == "new":
                times += 1
                text = kind_words(said.kind)
                if not worker and times < UNHEARD_TIMES:
                    text += WORDING["or_a_person"]
                said_so = Bubble(text, name=UNHEARD)
                transcript.say(db, self.database.vault, kept.session.id, [said_so], now)
            return not worker and times >= UNHEARD_TIMES

    def _worker_is_here(self, db: Session, session: ResidentSession) -> bool:
        last = transcript.last_position(db, session.id)
        return self.conversation.turn_of(db, session, after=last).worker is not None

    def _tell_of(self, kept: Kept, said: Said) -> None:
        """Whoever has their ticket knows that they tried to say something."""
        with self.database.transaction() as db:
            follower = self.locked(db, kept.follower_id)
            if follower is not None and not (kept.heard and said.kind != "location"):
                tell_office(db, follower, "place" if said.kind == "location" else "unheard", self.clock())

    async def _words(self, kept: Kept, words: str) -> Fixed | _Erased:
        """Somebody's words: what they answer goes first, then what they wish; whatever else they are is said."""
        means = await self._in_thread(self._meaning, kept, words)
        greeting = (WORDING["again"],) if kept.began and kept.agreed and kept.came_before else ()
        if means.offer is not None:
            with suppress(NothingToAnswer):  # what was offered is over: then it is words
                done = await self._take_up(kept, means.offer)
                return done if isinstance(done, _Erased) else replace(done, texts=(*greeting, *done.texts))
        if means.wish is not None and not means.worker:
            return await self._grant(kept, means.wish)
        assert kept.session is not None
        await self.conversation.reply(kept.session, kept.client_id, words)
        kept.heard = True
        if means.wish is not None:
            return _confirm(means.wish)
        return Fixed(greeting)

    def _meaning(self, kept: Kept, words: str) -> _Meaning:
        """What these words are in this conversation; nothing but words when they are not plainly harmless."""
        wish, session = wish_of(words), kept.session
        if session is None:  # only leaving and erasing begin no conversation
            return _Meaning(wish)
        offer = offer_of(words, kept.menu)
        if (wish is None and offer is None) or not self._harmless(words):
            return _Meaning()
        if session.door != "wechat" or session.ended_at is not None:
            return _Meaning(wish)  # nothing is open here that it could answer
        with self.database.transaction() as db:
            last = transcript.last_position(db, session.id)
            turn = self.conversation.turn_of(db, session, after=last - LOOKS_BACK)
        plain = meant(words, kept.asked, turn)
        if turn.worker is not None and plain is None:
            return _Meaning(wish if wish in TO_CONFIRM and is_command(words) else None, worker=True)
        if offer is not None and turn.worker is None and plain not in kept.asked:
            return _Meaning(offer=offer)
        if plain in ("skip", "pause"):
            choice = "skip_item" if plain == "skip" else "pause_screening"
            return _Meaning(offer=Offer("choose", choice, words))
        return _Meaning(None if plain == "page" and not kept.agreed else plain)

    def _harmless(self, words: str) -> bool:
        """Whether the crisis reader finds nothing at all; what it could not read to the end is not harmless."""
        try:
            reading = self.conversation.recogniser.read(words)
        except Exception:
            return False
        return reading.finished and reading.level == "none"

    async def _grant(self, kept: Kept, wish: Wish) -> Fixed | _Erased:
        """Do what somebody wishes."""
        session = kept.session
        if wish == "erase":
            return await self._erase(kept)
        if wish == "leave":
            if session is not None and session.ended_at is None:
                await self.conversation.leave(session)
            return Fixed((WORDING["left"],))
        assert session is not None
        if wish == "hotlines":
            return Fixed((hotline_words(self.conversation.turns.hotlines()),))
        if wish == "agree":
            return await self._agree(kept)
        if wish == "disagree":
            await self.conversation.consent(session, {scope.value: False for scope in Scope})
            return Fixed((WORDING["not_agreed"],), asks=("agree",))
        if wish == "page":
            return await self._page(kept)
        if wish == "person":
            await self.conversation.call_person(session, kept.client_id)
        return Fixed()

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
        """They follow, scan a poster, or tap the account's menu. A button is plain: no words can be mistaken for it."""
        if said.event in ("subscribe", "scan"):
            return Fixed((WORDING["again"],)) if kept.agreed else _welcome()
        if said.key in WISHES:
            return await self._grant(kept, said.key)  # type: ignore[arg-type]
        chosen = WORDING["menu_keys"].get(said.key)
        if chosen is None:
            return Fixed((kind_words("other"),))
        if not kept.agreed:
            return _welcome()
        return await self._take_up(kept, Offer("choose", chosen, ""))

    async def _refused(self, kept: Kept, error: ConversationError) -> Fixed:
        """What to say when the conversation refuses; words of danger never come here."""
        if isinstance(error, ChatNotAgreed):
            if not kept.came_before:
                return _welcome()
            return Fixed((WORDING["ask_consent"],), asks=("agree", "disagree", "hotlines"))
        if isinstance(error, AgeNotSaid):
            return await self._page(kept)
        if isinstance(error, ConsentMissing):
            agrees = Offer("choose", "agree_screening", WORDING["agree_screening"])
            return Fixed(
                (WORDING["ask_screening"],), (agrees, Offer("choose", "not_now", WORDING["not_now"]))
            )
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
        """Asked once, done the second time: everything of this person, in every conversation of theirs.

        That it was asked is kept in one commit with this message being done (`_settle`), and by its mark: however
        often one message comes, it asks once and is never its own confirmation.
        """
        session = kept.session
        if session is None:
            await self._in_thread(self._drop, kept)
            return _Erased(WORDING["nothing_to_erase"])
        if not (sure or "erase" in kept.asked):
            return _confirm("erase")
        erased = await self.conversation.erase(session)
        return _Erased("\n".join([erased.sentence, *erased.kept]))

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

    # --- answering ---------------------------------------------------------------------------------

    def _settle(self, kept: Kept, fixed: Fixed, wait: _Wait) -> str | None:
        """Put what is new into words, once: the first message for the request, the others to be sent."""
        with self.database.transaction() as db:
            follower = self.locked(db, kept.follower_id)
            heard = db.get(WechatHeard, kept.heard_id, with_for_update=True, populate_existing=True)
            if follower is None or heard is None:  # erased meanwhile
                if kept.heard:
                    return None  # what was said was read, and is gone as they wished
                raise _ErasedFirst()
            if heard.done_at is not None:  # somebody took it over and has answered
                return None
            texts = list(self.put_into_words(db, follower, fixed, kept.mark))
            heard.done_at = self.clock()
            if not texts:
                return None
            answer = None if wait.late or heard.late else texts.pop(0)
            self.database.vault.seal(heard, "answer", answer)
            self.queue(db, follower, texts)
            return answer

    def put_into_words(
        self, db: Session, follower: Follower, fixed: Fixed, mark: str = ""
    ) -> tuple[str, ...]:
        """What this person has not been told yet, as messages; from now on it counts as told.

        `mark`: the message that this answers, if it answers one.
        """
        session = db.get(ResidentSession, follower.session_id) if follower.session_id else None
        asked = Asked(fixed.asks, mark)
        if session is None or session.door != "wechat":  # they went on where WeChat does not see it
            if fixed.texts:
                self._keep_menu(follower, (), asked)
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
            self._keep_menu(follower, menu, asked)
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
        """Send the answer that was meant for the request: moved from there, so that it goes out once."""
        vault = self.database.vault
        index = vault.index("wechat_openid", said.who)
        mark = vault.index("wechat_mark", said.mark).hex()
        with self.database.transaction() as db:
            known = db.scalar(select(Follower.id).where(Follower.openid_index == index))
            follower = self.locked(db, known) if known is not None else None
            if follower is None:
                return
            heard = db.scalar(select(WechatHeard).where(WechatHeard.mark == mark).with_for_update())
            if heard is not None:
                if heard.answer_sealed is None:
                    return
                vault.seal(heard, "answer", None)
            self.queue(db, follower, [text])

    def _let_go(self, kept: Kept) -> None:
        """Whoever sends it again, or the post, may take this message up at once."""
        with self.database.transaction() as db:
            heard = db.get(WechatHeard, kept.heard_id)
            if heard is not None:
                heard.claimed_until = self.clock()

    def _menu(self, follower: Follower) -> tuple[tuple[Offer, ...], Asked]:
        """What our last message offered and asked for."""
        try:
            kept = json.loads(self.database.vault.open(follower, "menu") or "{}")
        except SealBroken:  # then a digit is words, as at every door
            kept = {}
        kept = (
            {"offers": kept} if isinstance(kept, list) else kept
        )  # as it was written before anything was asked for
        wishes, by, then = kept.get("asked", ((), "", ""))
        return tuple(Offer(*one) for one in kept.get("offers", ())), Asked(tuple(wishes), by, then)

    def _keep_menu(self, follower: Follower, menu: tuple[Offer, ...], asked: Asked) -> None:
        """Keep both, sealed; nothing when there is nothing."""
        kept: dict[str, Any] = {}
        if menu:
            kept["offers"] = [[o.act, o.value, o.title] for o in menu]
        if asked.wishes:
            kept["asked"] = [asked.wishes, asked.by, asked.then]
        self.database.vault.seal(follower, "menu", json.dumps(kept, ensure_ascii=False) if kept else None)

    async def _in_thread(self, act: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self.conversation.threads, partial(act, *args)
        )


def _welcome() -> Fixed:
    return Fixed((WORDING["welcome"],), asks=("agree", "disagree", "hotlines"))


def _confirm(wish: Wish) -> Fixed:
    """Ask whether they mean it: said once more, it is done."""
    words = {"erase": "erase_asked", "leave": "leave_with_worker", "disagree": "disagree_with_worker"}
    return Fixed((WORDING[words[wish]],), asks=(wish,))


def _times_unheard(names: list[str]) -> int:
    """How often something came that nobody could read, since a person was called last."""
    since = len(names) - names[::-1].index("person_called") if "person_called" in names else 0
    return names[since:].count(UNHEARD)


def client_id_of(mark: str) -> UUID:
    """What the conversation knows this message by, however often it comes."""
    return uuid5(SPACE, mark)


def _scene(said: Said) -> str | None:
    """The place code in the account's own QR code, which a poster shows."""
    if said.kind != "event" or said.event not in ("subscribe", "scan"):
        return None
    return said.key.removeprefix("qrscene_") or None
