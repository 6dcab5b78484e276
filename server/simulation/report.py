"""What a simulated quarter of a year says about a district's own roster: the worst wait and its gap, the work of each
office against what it can do, lateness, bounces, and what each channel carried."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape

from server.simulation.rules import WORDS
from server.simulation.run import Run
from server.simulation.world import ZONE, Span, World, gaps_of_a_week

DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
CLOCKS = {
    "acknowledge": "签收", "contact": "联系", "speak": "通话", "visit": "走访", "reach": "找人的下一步",
    "follow_up": "首次随访", "close": "结案",
}  # fmt: skip
CHANNELS = {"webhook": "网关", "sms": "短信", "wecom": "企业微信", "mail": "邮件"}
CALLS, VISITS = ("call", "follow_up"), ("visit",)


@dataclass(frozen=True)
class Capacity:
    """How many calls and visits an office can make in a week."""

    calls: int = 60
    visits: int = 15


@dataclass(frozen=True)
class Wait:
    """How long one red ticket of an office waited for somebody to take it, from `opened_at` on."""

    office: str
    opened_at: datetime
    took: timedelta
    gap: Span | None


@dataclass(frozen=True)
class Table:
    """One table of the report."""

    title: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def waits(run: Run) -> list[Wait]:
    """The stretches in which a red ticket was nobody's, the longest first."""
    found = [
        Wait(
            alone.office, alone.since, alone.until - alone.since, gap_at(run.world, alone.office, alone.since)
        )
        for alone in run.alone
    ]
    return sorted(found, key=lambda wait: wait.took, reverse=True)


def gap_at(world: World, office: str, at: datetime) -> Span | None:
    """The hole in an office's roster in which this moment lies, if it lies in one."""
    day = at.astimezone(ZONE).date()
    return next((gap for gap in gaps_of_a_week(world, office, day) if gap.holds(at)), None)


def headline(run: Run) -> str:
    """One sentence: the worst wait of a red ticket, and the hole in the roster that made it."""
    found = waits(run)
    if not found:
        return "没有红色工单。"
    in_gap = next((wait for wait in found if wait.gap is not None), None)
    worst = found[0]
    lines = [
        f"红色最长等待 {_minutes(worst.took)} 分钟（{_name(run, worst.office)}，{_moment(worst.opened_at)}）"
    ]
    if in_gap is not None and in_gap.gap is not None:
        lines.append(
            f"{_span(in_gap.gap)} {_name(run, in_gap.office)}无人值班，"
            f"那段时间红色最长等待 {_minutes(in_gap.took)} 分钟"
        )
    else:
        lines.append("排班没有空档碰上红色工单")
    return "；".join(lines) + "。"


def tables(run: Run, capacity: Mapping[str, Capacity]) -> list[Table]:
    """Everything else, as tables."""
    return [
        _gaps(run),
        _load(run, capacity),
        _lateness(run),
        _channels(run),
        _events(run),
    ]


def text(run: Run, capacity: Mapping[str, Capacity]) -> str:
    """The report for a terminal, and as Markdown."""
    parts = [
        f"# 演练 · {run.world.district.name} · 种子 {run.world.seed}",
        "",
        headline(run),
        "",
        verdict(run),
        "",
    ]
    for table in tables(run, capacity):
        parts += [
            f"## {table.title}",
            "",
            f"| {' | '.join(table.heading)} |",
            f"|{' --- |' * len(table.heading)}",
        ]
        parts += [f"| {' | '.join(row)} |" for row in table.rows] or [f"| {'—' + ' |' * len(table.heading)}"]
        parts.append("")
    return "\n".join(parts)


def html(runs: Sequence[Run], capacity: Mapping[str, Capacity]) -> str:
    """The report of all seeds as one page that needs nothing else."""
    body = []
    for run in runs:
        body.append(f"<h1>{escape(run.world.district.name)} · 种子 {run.world.seed}</h1>")
        body.append(f"<p><b>{escape(headline(run))}</b></p><p>{escape(verdict(run))}</p>")
        for table in tables(run, capacity):
            head = "".join(f"<th>{escape(cell)}</th>" for cell in table.heading)
            rows = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in r) + "</tr>" for r in table.rows)
            body.append(f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{rows}</table>")
    style = (
        "body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.2rem .6rem;text-align:left}"
    )
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>心桥演练报告</title>'
        f"<style>{style}</style>{''.join(body)}</html>\n"
    )


def verdict(run: Run) -> str:
    """Whether every promise held, in one sentence; what broke, where and when."""
    days = (run.world.end - run.world.begin).days
    size = f"{days} 天，{run.world.population} 位居民，{run.steps} 步，核对 {run.checks} 次，用时 {run.seconds:.0f} 秒"
    if run.broken is None:
        return f"没有一条规则被打破：{size}；审计链 {run.audit_entries} 条完整。结果摘要 {run.digest}。"
    broken = run.broken
    what = f"{WORDS[broken.rule]}（{broken.rule}{'：' + broken.more if broken.more else ''}）"
    return f"规则被打破：{what}，工单 {broken.ticket or '—'}，{_moment(broken.at)}。{size}。"


def _gaps(run: Run) -> Table:
    first = run.world.begin.astimezone(ZONE).date() + timedelta(days=7)
    rows = []
    for office in sorted({worker.office for worker in run.world.workers}):
        found = list(_joined(gaps_of_a_week(run.world, office, first - timedelta(days=first.weekday()))))
        inside = [w.took for w in waits(run) if w.gap is not None and w.office == office]
        longest = f"{_minutes(max(inside))} 分钟" if inside else "—"
        rows.append((_name(run, office), "、".join(_span(gap) for gap in found) or "没有空档", longest))
    return Table("值班空档（一般的一周）", ("办公室", "没有人值班的时间", "空档里红色最长等待"), tuple(rows))


def _load(run: Run, capacity: Mapping[str, Capacity]) -> Table:
    assert run.work is not None
    weeks: dict[tuple[str, date], Counter[str]] = defaultdict(Counter)
    for done in run.work.done:
        day = done.at.astimezone(ZONE).date()
        weeks[done.office, day - timedelta(days=day.weekday())][done.what] += 1
    rows = []
    for office in sorted({office for office, _ in weeks}):
        able = capacity.get(office, capacity.get("", Capacity()))
        mine = [(week, counts) for (where, week), counts in sorted(weeks.items()) if where == office]
        calls = [sum(counts[what] for what in CALLS) for _, counts in mine]
        visits = [sum(counts[what] for what in VISITS) for _, counts in mine]
        over = sum(c > able.calls or v > able.visits for c, v in zip(calls, visits, strict=True))
        rows.append(
            (
                _name(run, office),
                f"{sum(calls) / len(mine):.1f}",
                f"{max(calls)} / {able.calls}",
                f"{sum(visits) / len(mine):.1f}",
                f"{max(visits)} / {able.visits}",
                str(over),
            )
        )
    heading = (
        "办公室",
        "每周电话（平均）",
        "最忙一周 / 能力",
        "每周走访（平均）",
        "最忙一周 / 能力",
        "超过能力的周数",
    )
    return Table("每周电话和走访", heading, tuple(rows))


def _lateness(run: Run) -> Table:
    assert run.work is not None
    rows = []
    for name, word in CLOCKS.items():
        clocks = [c for c in run.work.clocks if c.name == name]
        if not clocks:
            continue
        late = [
            end - c.due_at for c in clocks if (end := c.stopped_at or c.closed_at or run.world.end) > c.due_at
        ]
        worst = f"{_minutes(max(late))} 分钟" if late else "—"
        rows.append((word, str(len(clocks)), str(len(late)), worst))
    return Table("时限", ("时限", "条数", "超时", "最久"), tuple(rows))


def _channels(run: Run) -> Table:
    rows = []
    for name, counts in run.channels.items():
        failed = counts["down"] + counts["refuses"] + counts["swallows"]
        rows.append((CHANNELS[name], str(counts["sent"]), str(counts["again"]), str(failed)))
    return Table("通知", ("渠道", "收到（条）", "重复收到", "失败（次）"), tuple(rows))


def _events(run: Run) -> Table:
    assert run.work is not None
    done = Counter(act.what for act in run.work.done)
    unreached = sum(1 for t in run.work.tickets if t.spoke_at is None and t.met_at is None)
    rows = (
        ("说话的人（红 / 橙 / 要问 / 平常 / 请回电）",
         " / ".join(str(run.said[w]) for w in ("red", "orange", "asks", "harmless", "call_back"))),
        ("工单", str(len(run.work.tickets))),
        ("转办 / 接手 / 不接", f"{done['transfer']} / {done['accept']} / {done['refuse']}"),
        ("区里决定", str(done["decide"])),
        ("还没有联系上本人的工单", str(unreached)),
        ("请家人、社区、110 看看", str(sum(done[f'attempt.{w}'] for w in ("trusted_person", "community", "police")))),
        ("降级确认 / 重新打开", f"{done['second']} / {done['reopen']}"),
        ("通知到了却没有人看", str(run.unheard)),
        ("进程被杀的步点", "、".join(f"{p}×{n}" for p, n in sorted(run.struck.items())) or "—"),
        ("进程重启", str(run.restarts)),
    )  # fmt: skip
    return Table("发生了什么", ("事情", "数目"), rows)


def _joined(gaps: Iterator[Span]) -> Iterator[Span]:
    """Neighbouring holes as one."""
    current: Span | None = None
    for gap in gaps:
        if current is not None and gap.from_at == current.to_at:
            current = Span(current.from_at, gap.to_at)
            continue
        if current is not None:
            yield current
        current = gap
    if current is not None:
        yield current


def _name(run: Run, office: str) -> str:
    return run.world.district.office_once(office).name


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)


def _span(gap: Span) -> str:
    """周六 12:00–13:30."""
    begin, end = gap.from_at.astimezone(ZONE), gap.to_at.astimezone(ZONE)
    last = "24:00" if end.date() > begin.date() and f"{end:%H:%M}" == "00:00" else f"{end:%H:%M}"
    return f"{DAYS[begin.weekday()]} {begin:%H:%M}–{last}"


def _moment(at: datetime) -> str:
    local = at.astimezone(ZONE)
    return f"{local.month}月{local.day}日 {DAYS[local.weekday()]} {local:%H:%M}"
