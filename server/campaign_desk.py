"""集体筛查: what the district's administrator makes, prints and sees of group screenings. Every look is recorded.

Nobody sees a number while one runs. After its last day it is published once, by `server.aggregates`, and what was not
let through then is never let through later. Nothing here knows who took part.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import segno
import yaml
from sqlalchemy.orm import Session

from bot.entering import entrances_at
from escalation.campaign import (
    Campaign,
    CampaignPublication,
    campaign_of,
    campaigns,
    levels_of,
    lock_place,
    overlapping,
    publication_of,
    published_at,
    unpublished,
)
from escalation.errors import NotAllowed, NotThere
from escalation.intake import Intake
from escalation.staff import StaffAccount
from residents import place_codes
from server.aggregates import LADDER, Group, Table, publishable
from server.campaign_schemas import AddCampaign, CampaignCell, CampaignList, CampaignShown, Choice
from server.console import Staff
from storage import audit
from storage.database import Database

WORDS = yaml.safe_load(Path(__file__).with_name("campaigns.yml").read_text("utf-8"))
ZONE = "Asia/Shanghai"
LONGEST_DAYS = 92
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CELLS = dict(zip(LADDER[0], WORDS["groups"].values(), strict=True))


class CampaignDesk:
    """Group screenings, for an administrator alone; `NotAllowed` for everybody else."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], intake: Intake, public_url: str, site: str
    ) -> None:
        self.database = database
        self.clock = clock
        self.intake = intake
        self.public_url = public_url
        self.site = site

    def every(self, staff: Staff) -> CampaignList:
        """All of them, with what was published of each."""
        _must(staff.account)
        with self.database.transaction() as db:
            self.intake.telling.districts.refresh(db)
            return self._list(db, staff.account)

    def add(self, staff: Staff, body: AddCampaign) -> CampaignList:
        """Make one. `NotAllowed` says in one sentence what is wrong with it."""
        _must(staff.account)
        now = self.clock()
        today = now.astimezone(ZoneInfo(ZONE)).date()
        refused = WORDS["refused"]
        name = body.name.strip()
        if not 2 <= len(name) <= 40 or not name.isprintable():
            raise NotAllowed(refused["name"])
        if not (max(body.from_day, today) <= body.to_day < body.from_day + timedelta(days=LONGEST_DAYS)):
            raise NotAllowed(refused["days"])
        with self.database.transaction() as db:
            self.intake.telling.districts.refresh(db)
            if body.place not in {one.code for one in self._places()}:
                raise NotAllowed(refused["place"])
            if body.entrance not in {one.code for one in self._entrances()}:
                raise NotAllowed(refused["entrance"])
            lock_place(db, body.place)
            if overlapping(db, body.place, body.from_day, body.to_day):
                raise NotAllowed(refused["overlap"])
            made = Campaign(
                code="C-" + "".join(secrets.choice(_LETTERS) for _ in range(6)),
                name=name,
                place=body.place,
                entrance=body.entrance,
                from_day=body.from_day,
                to_day=body.to_day,
                zone=ZONE,
                made_by=staff.account.username,
                made_at=now,
            )
            db.add(made)
            db.flush()
            audit.record(
                db, actor=staff.account.username, action="campaign.made", subject=f"campaign:{made.code}", at=now,
                place=made.place, entrance=made.entrance,
            )  # fmt: skip
            return self._list(db, staff.account)

    def poster(self, staff: Staff, code: str) -> str:
        """A page for A4 paper with the place's code; `NotThere` for whoever may not have it."""
        if staff.account.role != "administrator":
            raise NotThere()
        with self.database.transaction() as db:
            found = campaign_of(db, code)
            if found is None:
                raise NotThere()
            audit.record(
                db, actor=staff.account.username, action="campaign.poster", subject=f"campaign:{found.code}",
                at=self.clock(),
            )  # fmt: skip
        signed = place_codes.make(self.database.vault.sign, found.place, found.to_day, site=self.site)
        return as_poster(found, self._place_name(found.place), f"{self.public_url}/q/{signed}")

    def _list(self, db: Session, account: StaffAccount) -> CampaignList:
        now = self.clock()
        found = campaigns(db)
        audit.record(
            db, actor=account.username, action="campaign.looked", subject="campaigns", at=now,
            codes=[one.code for one in found],
        )  # fmt: skip
        return CampaignList(
            campaigns=[self._shown(db, one, now) for one in found],
            places=self._places(),
            entrances=self._entrances(),
            may_end_on=now.astimezone(ZoneInfo(ZONE)).date(),
        )

    def _shown(self, db: Session, one: Campaign, now: datetime) -> CampaignShown:
        begins, ends = one.period
        kept = publication_of(db, one.id)
        table = None if kept is None else table_of(kept)
        if kept is not None:
            state = "withheld" if table is None else "published"
        else:
            state = "coming" if now < begins else "running" if now < ends else "ended"
        return CampaignShown(
            code=one.code,
            name=one.name,
            place_name=self._place_name(one.place),
            entrance_name=next((e.name for e in self._entrances() if e.code == one.entrance), one.entrance),
            from_day=one.from_day,
            to_day=one.to_day,
            state=state,  # type: ignore[arg-type]
            sentence=WORDS["states"][state],
            cells=cells(table) if table and len(table.counts) > 1 else [],
            total=sum(table.counts) if table else None,
        )

    def _place_name(self, code: str) -> str:
        place = self.intake.district.place(code)
        return place.name if place else code

    def _places(self) -> list[Choice]:
        return [Choice(code=p.code, name=p.name) for p in self.intake.district.places if not p.closed]

    def _entrances(self) -> list[Choice]:
        shown = entrances_at(self.intake.routes, self.intake.library, None).entrances
        return [Choice(code=one.id, name=one.name) for one in shown]


def publish_due(database: Database, clock: Callable[[], datetime]) -> int:
    """Decide, once for each campaign whose last day is over, what may be said of it. Says how many were decided.

    Whoever comes second finds it decided. Campaigns of one place are decided one after the other.
    """
    with database.transaction() as db:
        due = [one.id for one in unpublished(db, clock())]
    decided = 0
    for campaign_id in due:
        with database.transaction() as db:
            found = db.get(Campaign, campaign_id)
            assert found is not None
            lock_place(db, found.place)
            if publication_of(db, found.id) is not None:
                continue
            earlier = [t for one in published_at(db, found.place) if (t := table_of(one)) is not None]
            table = publishable(levels_of(db, found), earlier)
            now = clock()
            db.add(
                CampaignPublication(
                    campaign_id=found.id,
                    place=found.place,
                    at=now,
                    step=table.step if table else None,
                    counts=list(table.counts) if table else [],
                )
            )
            audit.record(
                db, actor="software", action="campaign.published", subject=f"campaign:{found.code}", at=now,
                withheld=table is None,
            )  # fmt: skip
            decided += 1
    return decided


def table_of(kept: CampaignPublication) -> Table | None:
    """The table as it was published; None where nothing was."""
    return None if kept.step is None else Table(kept.step, tuple(kept.counts))


def cells(table: Table) -> list[CampaignCell]:
    """The published cells with their names."""
    groups = LADDER[table.step]
    return [
        CampaignCell(name=_named(group), count=count)
        for group, count in zip(groups, table.counts, strict=True)
    ]


def _named(group: Group) -> str:
    return WORDS["joins"].join(name for cell, name in _CELLS.items() if cell <= group)


def _must(account: StaffAccount) -> None:
    if account.role != "administrator":
        raise NotAllowed(WORDS["refused"]["rights"])


STYLE = """
@page { size: A4; margin: 18mm }
body { font: 16pt/1.7 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; color: #000;
  text-align: center }
h1 { font-size: 34pt; margin: 8mm 0 2mm } svg { width: 90mm; height: 90mm; margin: 4mm 0 }
ul { list-style: none; padding: 0 } .small { font-size: 12pt }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POSTER_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def as_poster(one: Campaign, place: str, link: str) -> str:
    """The poster: a question, a code to scan, what is promised, the days, and whom to ring. No script, no address."""
    words = WORDS["poster"]
    picture = segno.make(link, error="m", micro=False).svg_inline(omitsize=True, border=4, light="#fff")
    promises = "".join(f"<li>{escape(line)}</li>" for line in words["promises"])
    days = words["days"].format(first=_day(one.from_day), last=_day(one.to_day))
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(one.name)}</title>'
        f"<style>{STYLE}</style></head><body><p>心桥 · {escape(place)}</p><h1>{escape(words['title'])}</h1>"
        f"<p>{escape(words['ask'].format(minutes=words['minutes']))}</p>{picture}"
        f"<p>{escape(one.name)} · {escape(days)}</p><ul>{promises}</ul>"
        f'<p class="small">{escape(words["lines"])}</p></body></html>'
    )


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
