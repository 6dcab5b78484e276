"""Which sentences were read by whom and when, and marking them; what nobody has read for too long stands first."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.content_review import ContentReview, kept_reviews
from escalation.errors import NotAllowed, NotThere
from escalation.staff import StaffAccount
from server.administration_schemas import (
    Area,
    Marked,
    MarkReviewed,
    SearchSentences,
    SentencePage,
    SentenceShown,
)
from server.console import Staff
from server.content_inventory import OWNERS, STATES, Sentence, sentences
from storage import audit
from storage.database import Database

PAGE = 40
ORDER = {"changed": 0, "overdue": 1, "never": 2, "fresh": 3}
ZONE = ZoneInfo("Asia/Shanghai")
READERS = ("administrator", "auditor")


class ContentDesk:
    """Read by administrators and auditors, marked by administrators."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        inventory: Callable[[], tuple[Sentence, ...]] = sentences,
    ) -> None:
        self.database = database
        self.clock = clock
        self.inventory = inventory

    def search(self, staff: Staff, body: SearchSentences) -> SentencePage:
        """One page of sentences: those to be read first, then the others."""
        if staff.account.role not in READERS:
            raise NotThere()
        today = self._today()
        reviews = self._reviews()
        everything = [_shown(one, reviews, today) for one in self.inventory()]
        words = body.words.split()
        found = [
            one
            for one in everything
            if (not body.area or one.area == body.area)
            and (not body.state or one.state == body.state or (body.state == "due" and one.state != "fresh"))
            and all(w in one.text or w in one.where or w in one.owner for w in words)
        ]
        found.sort(key=lambda one: (ORDER[one.state], one.review_by or date.min))
        end = body.after + PAGE
        names = {area["code"]: area["name"] for area in OWNERS["areas"]}
        return SentencePage(
            sentences=[one.model_copy(update={"area": names[one.area]}) for one in found[body.after : end]],
            found=len(found),
            next_after=end if len(found) > end else None,
            areas=[
                Area(
                    code=code,
                    name=name,
                    due=sum(o.area == code and o.state != "fresh" for o in everything),
                    all=sum(o.area == code for o in everything),
                )
                for code, name in names.items()
            ],
            due=sum(one.state != "fresh" for one in everything),
            all=len(everything),
        )

    def mark(self, staff: Staff, body: MarkReviewed) -> Marked:
        """Write down that somebody read exactly these sentences on that day.

        `NotAllowed` when one of them reads otherwise by now, and then none is marked.
        """
        account = staff.account
        _must(account)
        now, today = self.clock(), self._today()
        reviewer = body.reviewer.strip()
        if len(reviewer) < 2 or not reviewer.isprintable():
            raise NotAllowed("请写上审的人的姓名，2 到 20 个字。")
        if not today - timedelta(days=90) <= body.reviewed_on <= today:
            raise NotAllowed("审的日子写最近 90 天里的一天，不能在将来。")
        known = {one.key: one for one in self.inventory()}
        chosen = {one.sentence: one.digest for one in body.sentences}
        if any(key not in known or known[key].digest != digest for key, digest in chosen.items()):
            raise NotAllowed("有的句子刚才改过了，请刷新以后再看一遍。")
        with self.database.transaction() as db:
            db.add_all(
                ContentReview(
                    sentence=key, digest=digest, reviewer=reviewer, reviewed_on=body.reviewed_on,
                    marked_by=account.username, marked_at=now,
                )
                for key, digest in chosen.items()
            )  # fmt: skip
            audit.record(
                db, actor=account.username, action="content.reviewed", subject="content",
                purpose="administration", at=now, sentences=len(chosen), on=body.reviewed_on.isoformat(),
            )  # fmt: skip
        return Marked(marked=len(chosen))

    def _reviews(self) -> "_Reviews":
        with self.database.transaction() as db:
            return _Reviews(kept_reviews(db))

    def _today(self) -> date:
        return self.clock().astimezone(ZONE).date()


class _Reviews:
    """The newest reading of each wording in each file, and which places were ever read."""

    def __init__(self, kept: list[ContentReview]) -> None:
        self.by_wording = {(one.sentence.partition("#")[0], one.digest): one for one in kept}
        self.places = {one.sentence for one in kept}


def _shown(one: Sentence, reviews: _Reviews, today: date) -> SentenceShown:
    """Where a sentence stands. A reading counts for the wording that was read, wherever in its file that stands now."""
    review = reviews.by_wording.get((one.file, one.digest))
    by = review.reviewed_on + timedelta(days=one.every_days) if review else None
    if by is None:
        state = "changed" if one.key in reviews.places else "never"
    else:
        state = "overdue" if by < today else "fresh"
    return SentenceShown(
        sentence=one.key,
        digest=one.digest,
        text=one.text,
        area=one.area,
        where=one.file,
        owner=one.owner,
        state=state,  # type: ignore[arg-type]
        state_word=STATES[state],
        review_by=by,
        reviewer=review.reviewer if review else None,
        reviewed_on=review.reviewed_on if review else None,
    )


def _must(account: StaffAccount) -> None:
    if account.role != "administrator":
        raise NotAllowed("话术由区里的管理员登记。")
