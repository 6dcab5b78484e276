"""Puts together what a resident's page shows, from where the conversation stands."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import yaml
from sqlalchemy.orm import Session

from assessments import store as sittings
from assessments.instrument import Item
from assessments.scoring import Score
from bot.standing import Standing, respond_by
from bot.transcript import Message
from bot.turn import (
    AlarmShown,
    AnsweredItem,
    ButtonShown,
    ConsentsShown,
    ContactShown,
    HotlineShown,
    MessageShown,
    OptionShown,
    ResultDetail,
    ResultShown,
    ScreeningShown,
    Turn,
    WorkerInChat,
)
from escalation.intake import Intake
from escalation.triage import Level
from residents.hotlines import Hotline, hours_today, open_now, sentence
from residents.resident import CONTACT_FIELDS
from storage.vault import Vault

WORDING = yaml.safe_load((Path(__file__).parent / "page_wording.yml").read_text("utf-8"))


class TurnMaker:
    """Makes the turns of all conversations."""

    def __init__(
        self, vault: Vault, intake: Intake, hotlines: Sequence[Hotline], clock: Callable[[], datetime]
    ) -> None:
        self.vault = vault
        self.intake = intake
        self.lines = hotlines
        self.clock = clock

    def make(self, db: Session, standing: Standing, messages: Sequence[Message]) -> Turn:
        """The turn that shows this standing, with these bubbles as the new ones."""
        session = standing.session
        agreed = standing.consents
        place = self.intake.district.place(session.place) if session.place else None
        ended = session.ended_at is not None
        red = standing.level is Level.RED
        return Turn(
            # the crisis card stays on the screen although somebody takes the tick for talking back
            stage="ended" if ended else "chat" if agreed.get("chat") or standing.alarmed else "consent",  # type: ignore[call-overload]
            door=session.door,  # type: ignore[arg-type]
            place=place.name if place else None,
            consents=ConsentsShown(**{str(k): v for k, v in agreed.items()}),
            messages=[self._message(m) for m in messages],
            screening=self._screening(standing),
            result=self._result(db, standing),
            contact=self._contact(standing),
            alarm=self._alarm(standing),
            worker=(
                WorkerInChat(role=standing.worker.role, name=standing.worker.name)
                if standing.worker
                else None
            ),
            worker_called=session.worker_wanted and standing.worker is None,
            resume=WORDING["resume"] if standing.paused and not ended and not red else None,
            hotlines=self.hotlines(),
        )

    def hotlines(self) -> list[HotlineShown]:
        """The telephone lines as they stand at this moment."""
        now = self.clock()
        return [
            HotlineShown(
                number=line.number,
                name=line.name,
                for_what=line.for_what,
                hours=hours_today(line, now),
                open_now=open_now(line, now),
                sentence=sentence(line, now),
            )
            for line in self.lines
        ]

    def _message(self, message: Message) -> MessageShown:
        facts = json.loads(self.vault.open(message, "facts") or "{}")
        kind = facts.get("kind", "text")
        return MessageShown(
            id=message.id,
            author=message.author,  # type: ignore[arg-type]
            author_name=message.author_name,
            kind=kind if kind in ("item", "exercise", "danger") else "text",
            text=self.vault.open(message, "text") or "",
            buttons=[ButtonShown(**b) for b in facts.get("buttons", [])],
            exercise=facts.get("exercise"),
            at=message.at,
        )

    def _screening(self, standing: Standing) -> ScreeningShown | None:
        if standing.administration is None or standing.item is None:
            return None
        instrument = self.intake.library[standing.administration.instrument]
        asked = [i for i in instrument.items if instrument.applies(i, standing.answers)]
        return ScreeningShown(
            administration=standing.administration.id,
            instrument=instrument.id,
            title=instrument.title,
            intro=instrument.intro,
            timeframe=instrument.timeframe,
            minutes=instrument.minutes,
            item=standing.item.id,
            number=asked.index(standing.item) + 1,
            of=len(asked),
            text=standing.item.text,
            options=_options(standing.item),
            answered=[
                AnsweredItem(
                    item=item.id,
                    number=number,
                    text=item.text,
                    options=_options(item),
                    given=standing.answers[item.id],
                )
                for number, item in enumerate(asked, start=1)
                if item.id in standing.answers
            ],
        )

    def _result(self, db: Session, standing: Standing) -> ResultShown | None:
        rating = standing.rating
        if rating is None:
            return None
        level = None if rating.level is None else Level(rating.level)
        words = WORDING["result"]
        word, _, rest = self.intake.levels.resident_sentence(level).partition("。")
        return ResultShown(
            thanks=words["thanks"],
            sentence=rest if level is not None else f"{word}。{rest}",
            level_word=word if level is not None else None,
            tonight=words["tonight"][level.key if level else "not_rated"],
            we_do=self._we_do(standing, level),
            talk_to=words["talk_to"],
            details=[
                ResultDetail(
                    title=self.intake.library[a.instrument].title,
                    total=score.total if score else None,
                    out_of=self.intake.library[a.instrument].highest_total,
                    words=_in_words(score, words),
                )
                for a in sittings.of_session(db, standing.session.id)
                if a.state == "finished" and a.instrument != "asq"
                for score in [sittings.score_of(self.vault, a)]
            ],
            at=rating.at,
        )

    def _we_do(self, standing: Standing, level: Level | None) -> str | None:
        words = WORDING["result"]["we_do"]
        if standing.ticket is not None and standing.ticket.closed_at is None:
            return self.fill(words["ticket"], standing)
        return words.get(level.key) if level else words["not_rated"]

    def _contact(self, standing: Standing) -> ContactShown | None:
        field = standing.contact_field
        if field is None or standing.session.ended_at is not None:
            return None
        words = WORDING["contact"][field]
        return ContactShown(
            field=field,
            number=CONTACT_FIELDS.index(field) + 1,
            of=len(CONTACT_FIELDS),
            text=words["text"],
            hint=words["hint"],
            choices=words.get("choices", []),
        )

    def _alarm(self, standing: Standing) -> AlarmShown | None:
        if not standing.alarmed:
            return None
        ticket = standing.ticket
        red = standing.level is Level.RED
        lines = self.hotlines()
        order = {"110": 0, "120": 0} if red else {}
        return AlarmShown(
            sentence=self.fill(WORDING["alarm"]["red" if red else "orange"], standing),
            code=self.vault.open(ticket, "resident_code") if ticket else None,
            office=self.intake.district.office_once(ticket.office).name if ticket else None,
            respond_by=respond_by(standing, self.intake),
            hotlines=sorted(lines, key=lambda line: order.get(line.number, 1)),
        )

    def fill(self, text: str, standing: Standing) -> str:
        """Replace the placeholders that stand for what only the application may know."""
        if "⟦" not in text:
            return text
        ticket, identity = standing.ticket, standing.identity
        name = self.vault.open(identity, "name") if identity else None
        due = respond_by(standing, self.intake)
        open_lines = [h for h in self.hotlines() if h.open_now and h.number not in ("110", "120")]
        values = {
            "称呼": name or "",
            "编号": (self.vault.open(ticket, "resident_code") if ticket else None) or "（稍后给您）",
            "司法所": self.intake.district.office_once(ticket.office).name if ticket else "司法所",
            "时限": _in_minutes(due, self.clock()) if due else "尽快",
            "热线": f"{open_lines[0].sentence}。" if open_lines else "急的话请打 120 或 110。",
        }
        if not name:
            text = re.sub(r"(^|[。！？!?])⟦称呼⟧[,，]?", r"\1", text)
        for key, value in values.items():
            text = text.replace(f"⟦{key}⟧", value)
        return text


def _options(item: Item) -> list[OptionShown]:
    return [OptionShown(value=option.value, label=option.label) for option in item.options]


def _in_words(score: Score | None, words: dict[str, str]) -> str:
    if score is None:
        return words["incomplete"]
    return words["complete"]


def _in_minutes(due: datetime, now: datetime) -> str:
    minutes = max(1, round((due - now).total_seconds() / 60))
    return f"{minutes} 分钟" if minutes < 90 else f"{round(minutes / 60)} 小时"
