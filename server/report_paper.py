"""体检式报告 and 建议函 on paper: the first page is the summary, and how each figure is made follows behind it."""

from server.board import Share
from server.errors import NoPaper
from server.paper import Paper, PaperError
from server.report import LOCAL, WORDS, LevelCell, Line, Report, chance_words, day_words
from server.report_desk import Letter


def report_paper(report: Report) -> bytes:
    """The report as PDF. Raises `NoPaper` when it cannot be made here."""
    try:
        return _report(report)
    except PaperError as error:
        raise NoPaper() from error


def letter_paper(letter: Letter) -> bytes:
    """The letter as PDF: a draft says on every page that it must not leave; a signed one names who signed."""
    try:
        return _letter(letter)
    except PaperError as error:
        raise NoPaper() from error


def made_words(report: Report) -> str:
    """When it was made, and for which street."""
    return str(WORDS["made"]).format(
        at=f"{report.made_at.astimezone(LOCAL):%Y-%m-%d %H:%M}", street=report.street
    )


def missed_heading(report: Report) -> str:
    """The heading of what was not done well: this month's, or this stretch's."""
    return str(WORDS["headings"]["missed" if report.period.is_month else "missed_period"])


def levels_sentence(report: Report) -> str:
    """What is said of how many people came to which level."""
    words = WORDS["levels"]
    if not report.period.is_month:
        return str(WORDS["only_months"])
    if report.levels is None:
        return str(words["withheld"])
    return str(words["sentence"]).format(total=sum(cell.count for cell in report.levels))


def cell_words(cells: tuple[LevelCell, ...] | None) -> str:
    """A table of levels in one line."""
    if cells is None:
        return str(WORDS["hidden"])
    return "；".join(f"{cell.name} {cell.count}" for cell in cells)


def satisfied_sentence(report: Report) -> str:
    """What is said of how residents found their closed matters handled."""
    words, found = WORDS["satisfied"], report.satisfied
    if not report.period.is_month:
        return str(WORDS["only_months"])
    if found is None:
        return str(words["withheld"])
    if found.part is None:
        return str(words["whole"]).format(of=found.whole)
    return str(words["sentence"]).format(of=found.whole, n=found.part, percent=_percent(found))


def satisfied_words(found: Share | None) -> str:
    """The same in one cell of a table."""
    words = WORDS["satisfied"]
    if found is None:
        return str(WORDS["hidden"])
    if found.part is None:
        return str(words["shown_whole"]).format(of=found.whole)
    return str(words["shown"]).format(of=found.whole, n=found.part, percent=_percent(found))


def _percent(found: Share) -> str:
    return f"{found.percent:.1f}".removesuffix(".0") + "%"


def cluster_words(report: Report) -> list[str]:
    """The places that stand out, one sentence each."""
    return [
        str(WORDS["letter"]["list"]).format(
            place=report.place_names[one.place], screened=one.screened, concerned=one.concerned,
            expected=f"{one.expected:g}", chance=chance_words(one.chance),
        )
        for one in report.clusters
    ]  # fmt: skip


def _report(report: Report) -> bytes:
    headings = WORDS["headings"]
    paper = Paper(WORDS["title"], margin=18, numbered=True)
    paper.title(f"{report.street} {WORDS['title']}", size=18)
    period, before = report.period.words(), WORDS["before"].format(period=report.period.before.words())
    paper.line(f"{period}　　{before}", align="C", size=11)
    if report.running:
        until = f"{report.until.astimezone(LOCAL):%Y-%m-%d %H:%M}"
        paper.line(WORDS["running"].format(at=until), align="C", size=9.5)
    for section in ("served", "clocks"):
        paper.gap(1.5)
        paper.line(headings[section], size=12, bold=True)
        _table(paper, report.of(section))
    paper.gap(1.5)
    paper.line(f"{headings['levels']}〔{report.levels_note}〕", size=12, bold=True)
    paper.line(levels_sentence(report), size=9.5)
    if report.period.is_month:
        columns = WORDS["columns"]
        rows = [
            [columns["now"], cell_words(report.levels)],
            [columns["before"], cell_words(report.levels_before)],
        ]
        paper.table(rows, (1, 9), size=9.5, height=5)
        before = satisfied_words(report.satisfied_before)
        said = f"{headings['satisfied']}〔{report.satisfied_note}〕：{satisfied_words(report.satisfied)}"
        paper.line(f"{said}　{columns['before']}：{before}", size=9.5)
    paper.gap(1.5)
    paper.line(missed_heading(report), size=12, bold=True)
    _table(paper, report.of("missed"))
    paper.gap(1)
    paper.line(f"{WORDS['first_page_end']}{WORDS['no_names']}", size=8.5)
    paper.line(made_words(report), size=8.5, align="R")

    paper.new_page()
    if report.clusters:
        paper.section(headings["letters"])
        for sentence in cluster_words(report):
            paper.line(sentence, size=10.5)
    paper.section(headings["notes"])
    for line in report.lines:
        paper.line(f"〔{line.note}〕{line.name}：{line.sentence}", size=10, bold=True, height=5.5)
        paper.line(f"怎么查：{line.query}", size=9.5, height=5.2)
        paper.line(f"分母：{line.denominator}", size=9.5, height=5.2)
        paper.gap(1.2)
    words = WORDS["levels"]
    paper.line(
        f"〔{report.levels_note}〕{words['name']}：{levels_sentence(report)}", size=10, bold=True, height=5.5
    )
    paper.line(f"怎么查：{words['query']}", size=9.5, height=5.2)
    paper.line(f"分母：{words['denominator']}{words['merged']}", size=9.5, height=5.2)
    paper.gap(1.2)
    words, note = WORDS["satisfied"], f"〔{report.satisfied_note}〕{headings['satisfied']}"
    paper.line(f"{note}：{satisfied_sentence(report)}", size=10, bold=True, height=5.5)
    paper.line(f"怎么查：{words['query']}", size=9.5, height=5.2)
    paper.line(f"分母：{words['denominator']}", size=9.5, height=5.2)
    return paper.bytes()


def _table(paper: Paper, lines: list[Line]) -> None:
    columns = WORDS["columns"]
    rows = [[f"{line.name}〔{line.note}〕", line.shown, line.shown_before] for line in lines]
    paper.table(
        rows, (9, 6, 6), head=(columns["name"], columns["now"], columns["before"]), size=9.5, height=5
    )


def letter_lines(letter: Letter) -> list[str]:
    """The paragraphs of the letter between its address and its advice."""
    words, cluster = WORDS["letter"], letter.cluster
    chance, expected = chance_words(cluster.chance), f"{cluster.expected:g}"
    return [
        words["opening"],
        words["found"].format(
            period=letter.period.words(), screened=cluster.screened, concerned=cluster.concerned
        ),
        words["compared"].format(expected=expected, concerned=cluster.concerned, chance=chance),
        words["limits"],
    ]


def _letter(letter: Letter) -> bytes:
    words = WORDS["letter"]
    signed = letter.signed_by is not None
    paper = Paper(words["title"], margin=26, numbered=True, mark="" if signed else words["draft"])
    paper.title(words["title"])
    if not signed:
        paper.line(words["draft"], align="C", size=11, bold=True)
    paper.gap(4)
    paper.line(words["to"].format(place=letter.place), size=13, bold=True)
    for text in letter_lines(letter):
        paper.body(text, size=12.5)
    paper.gap(2)
    paper.line(words["advice_heading"], size=13, bold=True)
    for number, text in enumerate(words["advice"], start=1):
        paper.line(f"{number}. {text}", size=12.5, height=8)
    paper.gap(2)
    paper.body(words["closing"], size=12.5)
    paper.gap(12)
    day = day_words(letter.made_at.astimezone(LOCAL).date())
    lines = (
        [words["signed"].format(name=letter.signed_by), words["date"].format(date=day)]
        if signed
        else [words["unsigned_by"], words["unsigned_date"]]
    )
    paper.signature([words["from"].format(office=letter.office), *lines, words["seal"]], size=12.5)
    return paper.bytes()
