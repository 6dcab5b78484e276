"""`xinqiao policy`: the rules in force, and bringing others into force."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.orm import Session

from escalation.errors import CalendarError, PolicyError
from escalation.policy import Policy
from escalation.policy_book import LEVELS, PolicyBook
from escalation.rehearsal import CLOCKS
from escalation.rehearsal import save as save_
from server.command_line import at_work, stop
from server.commands.rehearse import read
from storage import edition
from storage.errors import StorageError

policy = typer.Typer(
    help="政策和分级表：看现行的、保存新的（要先预演）。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
HANGZHOU = ZoneInfo("Asia/Shanghai")


@policy.command("save")
def save(
    file: Annotated[Path, typer.Argument(help="预演过的文件，一个字都没有再改")],
    by: Annotated[str, typer.Option("--by", help="谁保存的")],
    second: Annotated[str, typer.Option("--second", help="另一个同意的人；改分级表必须写")] = "",
    note: Annotated[str, typer.Option("--note", help="为什么改，写进记录")] = "",
) -> None:
    """保存并启用一份预演过的文件。没有预演过这一份、或者预演后现行的又变了，就不收。"""
    content = read(file)
    try:
        with at_work() as work, work.database.transaction() as db:
            saved = save_(db, work.policies, content, by, work.clock(), second, note)
            typer.echo(f"已启用 {saved.subject} {saved.digest}。以后打开的工单照它办；已经打开的照原来的。")
    except (PolicyError, CalendarError, StorageError) as error:
        raise stop(str(error)) from None


@policy.command("show")
def show(
    kind: Annotated[str | None, typer.Argument(help="种类，如 home_visit；不写就列出全部")] = None,
) -> None:
    """看现行的：一种工单的时限、通知和结案要求，或者全部的版本。"""
    try:
        with at_work() as work, work.database.transaction() as db:
            if kind is None:
                typer.echo("\n".join(listed(db, work.policies)))
            else:
                typer.echo("\n".join(shown(work.policies[kind])))
    except (PolicyError, StorageError) as error:
        raise stop(str(error)) from None
    except KeyError as error:
        raise stop(str(error)) from None


def listed(db: Session, policies: PolicyBook) -> list[str]:
    """Each thing in force with who brought it and when."""
    lines = []
    names = {f"policy:{kind}": one.name for kind, one in policies.items()} | {LEVELS: "分级表"}
    for subject, name in (names | {"kinds": "公布的种类", "calendar": "工作日历"}).items():
        kept = edition.current(db, subject)
        if kept is not None:
            at = kept.saved_at.astimezone(HANGZHOU)
            lines.append(
                f"{name}（{subject}） {kept.digest} {at:%Y-%m-%d %H:%M} {kept.saved_by} {kept.note}".rstrip()
            )
    return lines


def shown(one: Policy) -> list[str]:
    """One kind of ticket, for a person."""
    signed = f"{one.signed_by} 签署" if one.signed_by else "未签署"
    lines = [f"{one.name}（{one.kind}）第 {one.version} 版 · {one.edition} · {signed}"]
    told = {"office": "值班", "supervisor": "负责人", "district_desk": "区值班台"}
    for level, rules in one.levels.items():
        lines.append(f"{level.colour}色（要 {rules.acknowledgements} 人签收）")
        lines += [f"  {CLOCKS[name]}：{rule.text}" for name, rule in rules.clocks.items()]
        steps = "；".join(f"{int(s.after.total_seconds() // 60)} 分钟 {told[s.tell]}" for s in rules.steps)
        lines.append(f"  没人签收时通知：{steps}，之后反复通知")
    lines.append(f"结案结果：{'、'.join(one.outcomes.values())}")
    return lines
