"""Documents from a case (TK12) and the visit kit (differentiator 7): which words stand on which sheet, as pure rules.

A `Document` is a list of blocks, the same for the screen and for paper. What a document may use of a person's identity
is named in `documents.yml`; nothing here sees more than that. No document carries a score, a form's name, a colour or
anything that the resident said in the chat; a safety plan carries what its owner wrote and agreed to have printed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import yaml

from escalation.say_cards import LevelCard, SayCards
from escalation.triage import Level
from server.desk_schemas import DayPlan
from server.paper import NO_LETTER, Paper

WORDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("documents.yml").read_text("utf-8"))
COMMON: dict[str, Any] = WORDS["common"]
LOCAL = ZoneInfo("Asia/Shanghai")

Kind = Literal["visit_kit", "visit_record", "family_sheet", "referral_letter", "safety_plan"]
KINDS: tuple[Kind, ...] = get_args(Kind)
BlockKind = Literal["text", "fields", "steps", "bullets", "boxes", "blanks", "signs"]
OPENED: Mapping[str, str] = {f"document.{kind}": WORDS["documents"][kind]["opened"] for kind in KINDS}
"""How the resident's own page names each opening, by what the disclosure says was opened."""


@dataclass(frozen=True)
class Visit:
    """One visit as it was recorded."""

    at: datetime
    who: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Referral:
    """The last referral: to whom, and whether the resident agreed."""

    to: str
    agreed: bool


@dataclass(frozen=True)
class Case:
    """What a document may be made from. `identity` holds only what this document may use; None: closed to it."""

    code: str
    office: str
    office_phone: str
    who: str
    place: str
    level: Level
    now: datetime
    two_people: bool = False
    visit_due: datetime | None = None
    next_follow_up: datetime | None = None
    calls: int = 0
    visits: Sequence[Visit] = ()
    referral: Referral | None = None
    identity: Mapping[str, str] | None = None
    danger: bool = False
    plan: Sequence[tuple[str, str]] = ()
    lines: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Block:
    """One part of a document: a heading, if any, and lines or pairs of a label and what stands beside it."""

    kind: BlockKind
    lines: tuple[str, ...] = ()
    heading: str = ""
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Document:
    """One sheet. `number` None: no code of a ticket on it; `foot` is small print."""

    kind: str
    title: str
    number: str | None
    blocks: tuple[Block, ...]
    foot: tuple[str, ...] = field(default=())


def document(kind: Kind, case: Case, cards: SayCards) -> Document:
    """The document of this kind, filled from the case."""
    words = WORDS["documents"][kind]
    if kind == "visit_kit":
        return _visit_kit(words, case, cards)
    made = {
        "visit_record": _visit_record,
        "family_sheet": _family_sheet,
        "referral_letter": _referral_letter,
        "safety_plan": _safety_plan,
    }
    return made[kind](words, case)


def _number(case: Case) -> str:
    return str(COMMON["number"]).format(code=case.code)


def _made(case: Case) -> str:
    return str(COMMON["made"]).format(at=_moment(case.now), who=f"{case.office} {case.who}")


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M}"


def _identity(words: Mapping[str, Any], case: Case) -> list[tuple[str, str]]:
    """What of the identity this document names, each with its label; nothing where it is closed."""
    if case.identity is None:
        return []
    labels = words["labels"]
    return [(labels[name], case.identity.get(name) or COMMON["unknown"]) for name in words["identity"]]


def _visit_kit(words: Mapping[str, Any], case: Case, cards: SayCards) -> Document:
    key = {Level.RED: "red", Level.ORANGE: "orange"}.get(case.level, "other")
    card: LevelCard = cards.levels[key]
    labels = words["labels"]
    facts = [(labels["why"], words["why"][key]), *_identity(words, case), (labels["place"], case.place)]
    if case.visit_due is not None:
        facts.append((labels["due"], _moment(case.visit_due)))
    if case.two_people:
        facts.append((labels["two"], words["two_people"]))
    blocks = [
        Block("fields", heading=words["facts"], pairs=tuple(facts)),
        Block("text", (card.first.replace("{me}", f"{case.office}的{case.who}"),), words["open"]),
        Block("bullets", card.then, words["then"]),
        Block("bullets", card.never, words["never"]),
        Block(
            "boxes",
            (*(f"{one.name}：{one.look}" for one in cards.situations), words["household"]),
            words["look"],
        ),
        Block("bullets", tuple(words["in_danger"]), words["danger"]),
        Block("boxes", tuple(words["leave"]), words["before_leaving"]),
    ]
    foot = [words["after"], COMMON["keep"]]
    if case.identity is None:
        foot.insert(0, COMMON["closed"])
    if cards.reviewed_on is None:
        foot.append(words["draft"])
    return Document("visit_kit", words["title"], _number(case), tuple(blocks), (*foot, _made(case)))


def _visit_record(words: Mapping[str, Any], case: Case) -> Document:
    labels = words["labels"]
    head = [(labels["office"], case.office), *_identity(words, case), (labels["place"], case.place)]
    blocks = [Block("fields", pairs=tuple(head))]
    for number, visit in enumerate(case.visits, start=1):
        rows = [
            (labels["when"], _moment(visit.at)),
            (labels["who"], visit.who),
            (labels["found"], visit.text),
            (labels["note"], visit.note or words["none"]),
        ]
        blocks.append(Block("fields", heading=words["visit"].format(number=number), pairs=tuple(rows)))
    if not case.visits:
        blocks.append(Block("text", (words["blank"],)))
        blank = (labels["when"], labels["who"], labels["found"], labels["note"])
        blocks.append(Block("blanks", pairs=tuple((label, "") for label in blank)))
    to = WORDS["documents"]["referral_letter"]["to_names"]
    after = [
        (labels["referred"], to[case.referral.to] if case.referral else words["none"]),
        (labels["next"], _moment(case.next_follow_up) or words["not_planned"]),
    ]
    blocks += [Block("fields", pairs=tuple(after)), Block("signs", tuple(words["signs"]))]
    closed = () if case.identity is not None else (COMMON["closed"],)
    return Document(
        "visit_record", words["title"], _number(case), tuple(blocks), (*closed, COMMON["keep"], _made(case))
    )


def _family_sheet(words: Mapping[str, Any], case: Case) -> Document:
    blocks = [Block("bullets", tuple(one["lines"]), one["heading"]) for one in words["sections"]]
    office = words["office"].format(office=case.office, phone=case.office_phone)
    phones = [words["danger"], *(f"{number}　{name}" for number, name in case.lines), office]
    blocks.append(Block("bullets", tuple(phones), words["phones"]))
    return Document("family_sheet", words["title"], None, tuple(blocks), (words["care"], words["only"]))


def _referral_letter(words: Mapping[str, Any], case: Case) -> Document:
    labels, referral = words["labels"], case.referral
    to = words["to"].format(to=words["to_names"][referral.to]) if referral else words["to_blank"]
    if case.identity is None:
        agreed = words["not_agreed"]
    else:
        agreed = words["agreed"] if referral and referral.agreed else words["danger"]
    done = words["done"].format(
        calls=case.calls,
        visits=len(case.visits),
        last=_moment(case.visits[-1].at) if case.visits else words["never"],
    )
    rows = [
        *_identity(words, case),
        (labels["done"], done),
        (labels["asked"], words["asked"]),
        (labels["back"], words["back"].format(office=case.office, who=case.who, phone=case.office_phone)),
    ]
    sign = COMMON["sign"]
    blocks = [
        Block("text", (to, words["opening"] + agreed)),
        Block("fields", pairs=tuple(rows)),
        Block("signs", (case.office, sign["who"], sign["day"])),
    ]
    return Document(
        "referral_letter", words["title"], _number(case), tuple(blocks), (words["limits"], _made(case))
    )


def _safety_plan(words: Mapping[str, Any], case: Case) -> Document:
    name = (case.identity or {}).get("name")
    mine = words["mine"].format(name=name) if name else words["whole"]
    blocks = [Block("text", (mine, words["keep"])), Block("blanks", pairs=tuple(case.plan))]
    if not any(text for _, text in case.plan):
        blocks.insert(1, Block("text", (words["nothing"],)))
    phones = tuple(f"{number}　{name}" for number, name in case.lines)
    blocks.append(Block("bullets", (words["danger"], *phones)))
    return Document("safety_plan", words["title"], None, tuple(blocks))


def day_plan(plan: DayPlan, who: str) -> Document:
    """Today's doors on paper: codes and times, and nothing by which a person is found."""
    words = WORDS["documents"]["day_plan"]
    rows = []
    for number, errand in enumerate(plan.errands, start=1):
        marks = [words["late"]] if errand.late else []
        marks += [WORDS["documents"]["visit_kit"]["labels"]["two"]] if errand.two_people else []
        due = f"{errand.due_at.astimezone(LOCAL):%H:%M}"
        if errand.due_at.astimezone(LOCAL).date() != plan.day:
            due = f"{errand.due_at.astimezone(LOCAL):%m-%d %H:%M}"
        rows.append("\t".join([str(number), due, words["what"][errand.what], errand.code, "，".join(marks)]))
    blocks = (Block("text", tuple(rows) or (words["nothing"],)),)
    made = COMMON["made"].format(at=_moment(plan.now), who=f"{plan.office_name} {who}")
    return Document(
        "day_plan", f"{plan.office_name} {words['title']}", f"{plan.day}", blocks, (words["only"], made)
    )


# --- on paper ---------------------------------------------------------------------------------------

LARGE = ("family_sheet", "safety_plan")
"""What is read at home, by elders too."""
SIZES = (10.5, 10.0, 9.5, 9.0, 8.5, 8.0, 7.5)


def as_paper(made: Document) -> bytes:
    """The document as PDF. The visit kit is one page, whatever stands on it: its letters become smaller."""
    if made.kind != "visit_kit":
        return _laid_out(made, 14 if made.kind in LARGE else 12, 22).bytes()
    for size in SIZES:
        paper = _laid_out(made, size, 14)
        if paper.pages == 1:
            break
    return paper.bytes()


def _laid_out(made: Document, size: float, margin: float) -> Paper:
    small = made.kind == "visit_kit"
    paper = Paper(made.title, margin=margin, numbered=not small, instead=NO_LETTER)
    paper.title(made.title, size=size * 1.6)
    if made.number:
        paper.line(made.number, align="R", size=size * 0.95)
    for block in made.blocks:
        paper.gap(1 if small else 3)
        if block.heading:
            paper.line(block.heading, size=size * 1.05, bold=True, height=size * 0.58)
        _block(paper, made, block, size)
    paper.gap(1.5 if small else 5)
    for line in made.foot:
        paper.line(line, size=size * 0.8, height=size * 0.5)
    if paper.replaced:
        paper.line(COMMON["missing_letter"], size=size * 0.8, height=size * 0.5)
    return paper


def _block(paper: Paper, made: Document, block: Block, size: float) -> None:
    height = size * 0.52
    if made.kind == "day_plan" and block.lines and "\t" in block.lines[0]:
        columns = [one for one in WORDS["documents"]["day_plan"]["columns"] if one != "街道"]
        rows = [line.split("\t") for line in block.lines]
        paper.table(rows, (1, 2, 1.5, 3, 4), head=columns, size=size * 0.9, height=height * 1.2)
    elif block.kind == "fields":
        paper.table(block.pairs, (1.7, 6), size=size * 0.95, height=height, bold_first=True)
    elif block.kind == "blanks":
        paper.table(block.pairs, (1.6, 6), size=size, height=height * 1.15, bold_first=True, least=18)
    elif block.kind == "boxes":
        paper.boxes(block.lines, size=size, height=height)
    elif block.kind == "signs":
        paper.gap(8)
        paper.signature(block.lines, size=size)
    elif made.kind == "referral_letter":
        paper.line(block.lines[0], size=size * 1.05, bold=True, height=size)
        for line in block.lines[1:]:
            paper.body(line, size=size)
    else:
        for line in block.lines:
            bullet = "· " if block.kind == "bullets" else ""
            paper.line(f"{bullet}{line}", size=size, height=height)
