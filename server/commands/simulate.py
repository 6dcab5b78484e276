"""`xinqiao simulate`: a quarter of a year of a synthetic district through the real engine, with every promise checked
after each step."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from residents.district import District, load_district, read_district
from server.settings import settings
from server.simulation.world import FIRST_DAY


def simulate(
    days: Annotated[int, typer.Option(help="演练多少天", min=1, max=366)] = 90,
    seed: Annotated[int, typer.Option(help="种子：同一个种子，结果一样")] = 1,
    seeds: Annotated[int, typer.Option(help="从这个种子起，一共跑几个；两个同时跑", min=1, max=500)] = 1,
    residents: Annotated[int, typer.Option(help="有多少位居民", min=100)] = 50_000,
    start: Annotated[datetime, typer.Option(help="从哪一天开始", formats=["%Y-%m-%d"])] = datetime(
        FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day
    ),
    district: Annotated[Path | None, typer.Option(help="换一个区的 YAML 文件；不写就用正在使用的区")] = None,
    roster: Annotated[str, typer.Option(help="own：用本区自己的人和排班；invented：用编造的")] = "own",
    capacity: Annotated[
        list[str] | None,
        typer.Option(help="能力：办公室=每周电话,每周走访，可写多次；不写办公室就是都一样（默认 60,15）"),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="把报告写到这个文件（.html 或 .md）")] = None,
    keep: Annotated[str | None, typer.Option(help="把演练用的数据库留在 home/simulation，用这个名字")] = None,
) -> None:
    """拿一个编造的区，把真的引擎跑上 90 天：没人值班、关机、拒接、网关断、进程被杀；每一步都核对一遍有没有人被漏掉。

    有一条规则被打破，就打印工单、时刻和规则，并以 1 结束。
    """
    import re
    import time

    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from server.simulation.ground import ground
    from server.simulation.many import Wish, many

    if keep is not None and not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", keep):
        raise typer.BadParameter("数据库的名字用小写字母、数字和下划线，字母开头。", param_hint="--keep")
    if roster not in ("own", "invented"):
        raise typer.BadParameter("写 own 或 invented。", param_hint="--roster")
    place = _district(district)
    staff = _own_staff(place) if roster == "own" and district is None else None
    typer.echo(
        f"{place.name} · {'本区自己的排班' if staff else '编造的人和排班'} · {days} 天 · {residents} 位居民"
    )
    wish = Wish(place, days, residents, start.date(), staff, _capacities(capacity or [], place))
    began, broken, results = time.monotonic(), None, []
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} 天"))
    with _home(keep is not None) as folder, ground(folder) as server:
        server.prepare()
        with Progress(*columns, TimeElapsedColumn(), transient=True) as bar:
            task = bar.add_task("演练", total=days * seeds)
            for result in many(
                server, range(seed, seed + seeds), wish, keep or "simulation", lambda n: bar.advance(task, n)
            ):
                results.append(result)
                bar.console.print(
                    result.text if seeds == 1 else _line(result.text),
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )
                broken = broken or result.broken
                if (
                    report is not None
                ):  # after each, so that a run of hours that is broken off leaves what it has
                    pages = [r.html if report.suffix == ".html" else r.text for r in results]
                    report.write_text("\n".join(pages), "utf-8")
    typer.echo(f"{len(results)} 个种子，用时 {time.monotonic() - began:.0f} 秒。")
    if broken is not None:
        typer.echo(f"规则被打破：{broken}", err=True)
        raise typer.Exit(1)


def _line(text: str) -> str:
    """One seed in three lines: which, the worst wait, and whether everything held."""
    lines = [line for line in text.splitlines() if line]
    return "\n".join(lines[:3])


@contextmanager
def _home(kept: bool) -> Iterator[Path]:
    if kept:
        folder = settings().home / "simulation"
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="xinqiao-simulation-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _district(file: Path | None) -> District:
    from residents.content import read_content
    from residents.errors import ResidentsError

    if file is None:
        return load_district(settings().district)
    try:
        return read_district(read_content(file))
    except (OSError, ResidentsError) as error:
        raise typer.BadParameter(str(error), param_hint="--district") from None


def _own_staff(district: District):  # type: ignore[no-untyped-def]
    """The district's own people and roster, from the product's database; None when there are none to be had."""
    from server.simulation.own import own_staff

    return own_staff(settings(), district)


def _capacities(written: list[str], district: District):  # type: ignore[no-untyped-def]
    """`changhe-judicial=80,20` or `80,20` for all."""
    from server.simulation.report import Capacity

    found = {"": Capacity()}
    offices = {office.code for office in district.offices}
    for one in written:
        office, _, numbers = one.rpartition("=")
        calls, _, visits = numbers.partition(",")
        if (office and office not in offices) or not calls.strip().isdigit() or not visits.strip().isdigit():
            known = "、".join(sorted(offices))
            raise typer.BadParameter(
                f"{one!r} 看不懂：写成 办公室=电话,走访，例如 changhe-judicial=60,15；办公室有 {known}。",
                param_hint="--capacity",
            )
        found[office] = Capacity(int(calls), int(visits))
    return found
