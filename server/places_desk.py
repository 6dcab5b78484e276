"""The places that have a code of their own, the sheets of paper that hang there, and the tree behind them."""

import base64
import binascii
import hashlib
import tempfile
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import escape
from pathlib import Path, PurePath
from zoneinfo import ZoneInfo

import segno
import yaml

from escalation.errors import NotAllowed, NotThere
from escalation.staff import StaffAccount
from residents import place_codes
from residents.check_digit import damm
from residents.district import District, Place
from residents.district_book import DistrictBook
from residents.errors import DistrictError, TableRefused
from residents.tree_table import PLACE_WORDS, rows_of
from server.administration_schemas import (
    AuditKind,
    LookAtTree,
    PlaceList,
    PlaceShown,
    SaveTree,
    TreeLooked,
    TreeProblem,
    TreeShown,
    TypedPlaceShown,
)
from server.console import Staff
from server.tree_desk import Proposal, TreeChangedMeanwhile, TreeDesk, tree_in_words
from storage import audit
from storage.database import Database

WORDS = yaml.safe_load(Path(__file__).with_name("posters.yml").read_text("utf-8"))["poster"]
ZONE = ZoneInfo("Asia/Shanghai")
HANGS_FOR = timedelta(days=365)
MOST_SHOWN = 200
KINDS = (".csv", ".xlsx", ".yml", ".yaml")


class PlacesDesk:
    """Places: read by whoever answers a telephone, printed by administrators and leads. The tree: administrators."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        districts: DistrictBook,
        tree: TreeDesk,
        public_url: str,
        site: str,
    ) -> None:
        self.database = database
        self.clock = clock
        self.districts = districts
        self.tree = tree
        self.public_url = public_url
        self.site = site

    def places(self, staff: Staff) -> PlaceList:
        """All places with the number that is read aloud; `NotThere` for a partner."""
        if staff.account.role == "partner":
            raise NotThere()
        district = self._district()
        streets = {street.code: street.name for street in district.streets}
        offices = {office.code: office.name for office in district.offices}
        return PlaceList(
            places=[
                PlaceShown(
                    code=place.code,
                    name=place.name,
                    kind=PLACE_WORDS[place.kind],
                    street=streets.get(place.street or "", "全区"),
                    office=place.office,
                    office_name=offices.get(place.office, place.office),
                    spoken=self.spoken(place.code),
                    closed=place.closed,
                    poster=not place.closed and _may_print(staff.account, place),
                )
                for place in district.places
            ],
            offices=[AuditKind(code=code, word=name) for code, name in offices.items()],
        )

    def poster(self, staff: Staff, place: str) -> str:
        """The sheet of one place. Another office's is `NotThere`, and so is a closed one."""
        return self._sheets(staff, [p for p in self._district().places if p.code == place])

    def posters(self, staff: Staff, office: str) -> str:
        """The sheets of all places of one office, one page each."""
        return self._sheets(staff, [p for p in self._district().places if p.office == office])

    def spoken(self, place: str) -> str:
        """A number of eight digits that says which place, for the telephone; the last digit finds a slip."""
        digest = self.database.vault.index("spoken_place", f"{self.site}\n{place}")
        digits = f"{int.from_bytes(digest[:8]) % 10**7:07d}"
        whole = digits + damm(digits)
        return f"{whole[:4]} {whole[4:]}"

    def typed(self, code: str) -> TypedPlaceShown:
        """The place whose poster has these eight digits, signed for today; no place, and no error, for all others."""
        digits = "".join(unicodedata.normalize("NFKC", code).replace("-", "").split())
        found = [p for p in self._district().places if not p.closed and plain(self.spoken(p.code)) == digits]
        if len(found) != 1:  # nobody's; two with one number would be nobody's as well
            return TypedPlaceShown(place=None, name=None)
        day = self.clock().astimezone(ZONE).date() + timedelta(days=1)
        signed = place_codes.make(self.database.vault.sign, found[0].code, day, site=self.site)
        return TypedPlaceShown(place=signed, name=found[0].name)

    def in_force(self, staff: Staff) -> TreeShown:
        """The tree as it stands, street by street."""
        _must(staff.account)
        return TreeShown(lines=tree_in_words(*self.tree.in_force()))

    def table(self, staff: Staff) -> list[list[str]]:
        """The tree as the table that is changed and brought back."""
        _must(staff.account)
        return [[str(cell) for cell in row] for row in rows_of(self.tree.in_force()[0])]

    def look(self, staff: Staff, body: LookAtTree) -> TreeLooked:
        """What a table would change, or everything that is wrong with it by line. Saves nothing."""
        _must(staff.account)
        try:
            return _looked(self._proposal(body))
        except TableRefused as refused:
            return _refused(refused)

    def save(self, staff: Staff, body: SaveTree) -> TreeLooked:
        """Bring a table into force that was looked at; `NotAllowed` when another one came into force meanwhile."""
        _must(staff.account)
        try:
            proposal = self._proposal(body)
        except TableRefused as refused:
            return _refused(refused)
        if proposal.before.digest != body.before:
            raise NotAllowed("刚才有人导入了另一版区划，请重新看一遍再导入。")
        if proposal.changes:
            account = staff.account
            try:
                self.tree.save(
                    proposal, account.name, body.note.strip(), self.clock(), actor=account.username
                )
            except TreeChangedMeanwhile:
                raise NotAllowed("刚才有人导入了另一版区划，请重新看一遍再导入。") from None
        self._district()
        return _looked(proposal)

    def _proposal(self, body: LookAtTree) -> Proposal:
        ending = PurePath(body.name).suffix.lower()
        if ending not in KINDS:
            raise NotAllowed("只收 .csv、.xlsx 和 .yml 文件。")
        try:
            content = base64.b64decode(body.content, validate=True)
        except (binascii.Error, ValueError):
            raise NotAllowed("文件没有传完整，请重新选一次。") from None
        with tempfile.TemporaryDirectory(prefix="xinqiao-tree-") as folder:
            path = Path(folder) / f"tree{ending}"
            path.write_bytes(content)
            try:
                return self.tree.propose(path)
            except (DistrictError, RecursionError):
                raise NotAllowed("读不懂这个文件，请从下载的那一份改起。") from None

    def _sheets(self, staff: Staff, places: list[Place]) -> str:
        account, now = staff.account, self.clock()
        mine = [place for place in places if not place.closed and _may_print(account, place)]
        if not mine:
            raise NotThere()
        until = now.astimezone(ZONE).date() + HANGS_FOR
        with self.database.transaction() as db:
            audit.record(
                db, actor=account.username, action="places.posters", subject="places",
                purpose="administration", at=now, places=[place.code for place in mine],
            )  # fmt: skip
        sheets = []
        for place in mine:
            signed = place_codes.make(self.database.vault.sign, place.code, until, site=self.site)
            sheets.append(
                as_sheet(place.name, self.public_url.rstrip("/"), signed, self.spoken(place.code), until)
            )
        return as_page(sheets)

    def _district(self) -> District:
        with self.database.transaction() as db:
            self.districts.refresh(db)
        return self.districts.current


def plain(spoken: str) -> str:
    """The eight digits without the gap that is there for the eye."""
    return spoken.replace(" ", "")


def _looked(proposal: Proposal) -> TreeLooked:
    shown = [str(change) for change in proposal.changes[:MOST_SHOWN]]
    if len(proposal.changes) > MOST_SHOWN:
        shown.append(f"……还有 {len(proposal.changes) - MOST_SHOWN} 处")
    moves = proposal.moves
    lines = [f"未结工单 {moves.open_tickets} 张，其中 {moves.move} 张的归属会变。"]
    lines += [f"{proposal.after.office(code).name}：来 {n} 张" for code, n in moves.by_office.items()]
    return TreeLooked(problems=[], changes=shown, moves=lines, before=proposal.before.digest)


def _refused(refused: TableRefused) -> TreeLooked:
    problems = [TreeProblem(line=one.line, problem=one.text) for one in refused.problems[:MOST_SHOWN]]
    return TreeLooked(problems=problems, changes=[], moves=[], before="")


def _may_print(account: StaffAccount, place: Place) -> bool:
    return account.role == "administrator" or (
        account.role == "supervisor" and account.office == place.office
    )


def _must(account: StaffAccount) -> None:
    if account.role != "administrator":
        raise NotAllowed("区划由区里的管理员来改。")


STYLE = """
@page { size: A4; margin: 16mm }
body { margin: 0; color: #000; text-align: center;
  font: 17pt/1.6 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif }
section { break-after: page; padding: 6mm 0 } section:last-child { break-after: auto }
h1 { font-size: 38pt; line-height: 1.25; margin: 5mm 0 2mm } .place { font-size: 22pt; font-weight: 700; margin: 0 }
svg { width: 96mm; height: 96mm; margin: 3mm 0 } ul { list-style: none; margin: 3mm 0; padding: 0 }
.spoken { font-size: 30pt; font-weight: 700; letter-spacing: .08em; margin: 0 }
.small { font-size: 12pt; margin: 2mm 0 0 }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SHEET_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def as_sheet(place: str, address: str, signed: str, spoken: str, until: date) -> str:
    """One sheet of A4: what one may do here, a code to scan, what is promised, and a number to type or read aloud."""
    picture = segno.make(f"{address}/q/{signed}", error="m", micro=False).svg_inline(
        omitsize=True, border=4, light="#fff"
    )
    promises = "".join(f"<li>{escape(line)}</li>" for line in WORDS["promises"])
    day = f"{until.year}年{until.month}月{until.day}日"
    return (
        f'<section><p class="place">{escape(place)}</p><h1>{escape(WORDS["title"])}</h1>'
        f"<p>{escape(WORDS['ask'])}</p>{picture}<ul>{promises}</ul>"
        f'<p class="small">{escape(WORDS["spoken"].format(address=address))}</p><p class="spoken">{spoken}</p>'
        f'<p class="small">{escape(WORDS["lines"])}</p><p class="small">{escape(WORDS["until"].format(day=day))}</p>'
        "</section>"
    )


def as_page(sheets: list[str]) -> str:
    """All sheets as one page to be printed. No script, nothing from elsewhere."""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>心桥 · 地点海报</title>'
        f"<style>{STYLE}</style></head><body>{''.join(sheets)}</body></html>"
    )
