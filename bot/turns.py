"""Puts together what a resident's page shows, from where the conversation stands."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import yaml
from sqlalchemy.orm import Session

from assessments import store as sittings
from assessments.instrument import Answers, Item
from assessments.scoring import Score
from assessments.staging import SAFETY_FORMS
from bot.companion import doing
from bot.companion.echoes import FILLED, echoes_in
from bot.companion.own_words import instead
from bot.companion.skills import read_skills
from bot.companion.week import this_week
from bot.standing import Standing, asked_items, respond_by
from bot.transcript import Message, last_words
from bot.turn import (
    AlarmShown,
    AnsweredItem,
    ButtonShown,
    ConsentsShown,
    ContactShown,
    HotlineShown,
    InputShown,
    MessageShown,
    OptionShown,
    ResultDetail,
    ResultShown,
    ReviewedForm,
    ScreeningShown,
    SkillShown,
    Turn,
    WorkerInChat,
)
from escalation.intake import Intake
from escalation.rescreening import intervals, open_invitation
from escalation.triage import Level
from residents.hotlines import Hotline, hours_today, open_now, sentence
from residents.resident import CONTACT_FIELDS, Scope
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
        lent = session.assisted_by is not None
        # the crisis card stays on the screen although somebody takes the tick for talking back
        begun = agreed[Scope.CHAT] or standing.alarmed or lent
        stage: Literal["ended", "chat", "consent"] = "ended" if ended else "chat" if begun else "consent"
        red = standing.level is Level.RED
        resume = None if ended or red else self._resume(db, standing)
        return Turn(
            stage=stage,
            door=session.door,  # type: ignore[arg-type]
            place=place.name if place else None,
            consents=ConsentsShown(**{str(k): v for k, v in agreed.items()}),
            messages=[self._message(m) for m in messages],
            screening=self._screening(standing),
            result=self._result(db, standing),
            review=self._review(db, standing),
            locked=lent,
            contact=self._contact(standing),
            alarm=self._alarm(standing),
            worker=(
                WorkerInChat(role=standing.worker.role, name=standing.worker.name)
                if standing.worker
                else None
            ),
            worker_called=session.worker_wanted and standing.worker is None,
            resume=resume,
            reminder=resume == intervals().come_again,
            skill=self._skill(db, standing),
            came_back=session.came_back_to is not None and not ended and not standing.signals,
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

    def _resume(self, db: Session, standing: Standing) -> str | None:
        """What asks whether to go on: with questions that were left, or once more after some time.

        After words of danger only with the safety questions: nothing else stands beside those.
        """
        if standing.paused:
            if standing.alarmed and standing.paused.instrument not in SAFETY_FORMS:
                return None
            return WORDING["resume"]
        if (
            standing.item is None
            and not standing.alarmed
            and open_invitation(db, standing.session.resident_id)
        ):
            return intervals().come_again
        return None

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

    def _skill(self, db: Session, standing: Standing) -> SkillShown | None:
        run = doing.running(db, standing.session.id)
        if run is None or standing.item is not None or standing.session.ended_at is not None:
            return None
        skill, shown = read_skills()[run.skill], doing.shown(self.vault, run)
        return SkillShown(
            skill=skill.id,
            step=skill.steps[shown.number - 1].id,
            title=skill.title,
            number=shown.number,
            of=shown.of,
            ask=shown.ask,
            buttons=[ButtonShown(title=c.title, choice=f"step_{c.value}") for c in shown.choices],
            picture=shown.picture,  # type: ignore[arg-type]
        )

    def _screening(self, standing: Standing) -> ScreeningShown | None:
        if standing.administration is None or standing.item is None:
            return None
        instrument = standing.form or self.intake.library[standing.administration.instrument]
        asked = standing.asked(instrument)
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
            input=_input(standing.item),
            answered=_answered(asked, standing.answers),
        )

    def _review(self, db: Session, standing: Standing) -> list[ReviewedForm]:
        """What was answered in the screening that was rated last; a question of two forms stands in the fuller one."""
        if standing.rating is None:
            return []
        sitting = [
            (a, sittings.answers_of(db, self.vault, a.id))
            for a in sittings.of_sitting(db, standing.rating.sitting_id)
            if a.state == "finished"
        ]
        begun = {a.instrument: a.route for a, _ in sitting}
        order = [step.form for step in self.intake.routes[next(iter(begun.values()), None)].steps]
        sitting.sort(
            key=lambda one: (
                one[0].instrument not in order,
                [*order, one[0].instrument].index(one[0].instrument),
            )
        )
        again = {
            (share.source, item)
            for share in self.intake.routes[None].shares
            if share.target in begun
            for item in share.items
        }
        forms = []
        for administration, answers in sitting:
            form = self.intake.form_of(db, administration)
            asked = [i for i in asked_items(form, answers) if (form.id, i.id) not in again]
            if shown := _answered(asked, answers):
                forms.append(
                    ReviewedForm(
                        administration=administration.id,
                        title=form.title,
                        timeframe=form.timeframe,
                        items=shown,
                    )
                )
        return forms

    def _result(self, db: Session, standing: Standing) -> ResultShown | None:
        rating = standing.rating
        if rating is None:
            return None
        level = None if rating.level is None else Level(rating.level)
        words = WORDING["result"]
        begun = sittings.of_session(db, standing.session.id)
        done = [a for a in begun if a.state == "finished"]
        whole = len(done) == len(begun) and all(sittings.score_of(self.vault, a) for a in done)
        word, _, rest = self.intake.levels.resident_sentence(level).partition("。")
        unrated = words["not_enough"] if whole else f"{word}。{rest}"
        return ResultShown(
            thanks=words["thanks"],
            sentence=rest if level is not None else unrated,
            level_word=word if level is not None else None,
            tonight=words["tonight"][level.key if level else "not_rated"],
            we_do=self._we_do(standing, level, whole),
            talk_to=words["talk_to"],
            details=[
                ResultDetail(
                    title=self.intake.form_of(db, a).title,
                    total=score.total if score else None,
                    out_of=self.intake.form_of(db, a).highest_total,
                    words=_in_words(score, words),
                )
                for a in done
                if a.instrument not in SAFETY_FORMS and self.intake.form_of(db, a).result_for == "resident"
                for score in [sittings.score_of(self.vault, a)]
            ],
            at=rating.at,
        )

    def _we_do(self, standing: Standing, level: Level | None, whole: bool) -> str | None:
        words = WORDING["result"]["we_do"]
        if standing.ticket is not None and standing.ticket.closed_at is None:
            return self.fill(words["ticket"], standing)
        return words.get(level.key) if level else words["not_enough" if whole else "not_rated"]

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

    def fill(self, text: str, standing: Standing, db: Session | None = None) -> str:
        """Replace the placeholders that stand for what only the application may know.

        With `db`, also what this person said that may be named back, the places near, and their week.
        """
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
        if db is not None:
            values |= self._theirs(db, text, standing)
        if not name:
            text = re.sub(r"(^|[。！？!?])⟦称呼⟧[,，]?", r"\1", text)
        for key, value in values.items():
            text = text.replace(f"⟦{key}⟧", value)
        return instead(text)

    def _theirs(self, db: Session, text: str, standing: Standing) -> dict[str, str]:
        values: dict[str, str] = {}
        if any(f"⟦{kind}⟧" in text for kind in FILLED):
            words = last_words(db, standing.session.id, doing.LOOKS_BACK)
            values |= echoes_in([self.vault.open(message, "text") or "" for message in words])
        if "⟦这周⟧" in text:
            values["这周"] = this_week(db, self.vault, standing.session.resident_id, self.clock()).words
        if "⟦附近⟧" in text:
            values["附近"] = self._nearby(standing)
        return values

    def _nearby(self, standing: Standing) -> str:
        """Where people meet, near this conversation's place, else in every street."""
        place = self.intake.district.place(standing.session.place) if standing.session.place else None
        street = f"{self.intake.district.street(place.street).name}的" if place and place.street else ""
        return street + "、".join(WORDING["nearby"])


def _answered(asked: Sequence[Item], answers: Answers) -> list[AnsweredItem]:
    return [
        AnsweredItem(
            item=item.id,
            number=number,
            text=item.text,
            options=_options(item),
            input=_input(item),
            given=answers[item.id],
        )
        for number, item in enumerate(asked, start=1)
        if item.id in answers
    ]


def _input(item: Item) -> InputShown | None:
    kind = item.measured
    return InputShown(unit=kind.unit, lowest=kind.lowest, highest=kind.highest) if kind else None


def _options(item: Item) -> list[OptionShown]:
    return [OptionShown(value=option.value, label=option.label) for option in item.options]


def _in_words(score: Score | None, words: dict[str, str]) -> str:
    if score is None:
        return words["incomplete"]
    return words["complete"]


def _in_minutes(due: datetime, now: datetime) -> str:
    minutes = max(1, round((due - now).total_seconds() / 60))
    return f"{minutes} 分钟" if minutes < 90 else f"{round(minutes / 60)} 小时"
