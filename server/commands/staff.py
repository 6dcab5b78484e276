"""`xinqiao staff`: who works here, and where they are reached."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from escalation.contact_book import CHANNELS, masked_address
from escalation.duty_store import names_of, tickets_in_hand
from escalation.errors import EscalationError, NotThere
from escalation.personnel import OPERATOR, ROLES, HandedBack, Personnel, contact_words
from escalation.second_factor import SecondFactors
from escalation.staff import Desk
from residents.partners import load_partners
from server.command_line import AtWork, at_work, stop

staff = typer.Typer(
    help="工作人员：列出、添加、停用、调动、联系方式。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@staff.command("list")
def list_(office: Annotated[str, typer.Argument(help="单位的代码；不写就是全部")] = "") -> None:
    """账号，和每个单位登记的联系方式（只显示一部分）。"""
    with at_work() as work:
        book = _personnel(work)
        accounts = book.people(OPERATOR, office or None)
        with work.database.transaction() as db:
            held = tickets_in_hand(db, [a.id for a in accounts])
        for account in accounts:
            state = "" if account.active else "，已停用"
            tickets = f"，手上 {held[account.id]} 张工单" if account.id in held else ""
            typer.echo(
                f"{account.username}  {account.name}  {ROLES[account.role]}  {account.office}{state}{tickets}"
            )
        for code in sorted({a.office for a in accounts}):
            points = book.contacts(OPERATOR, code)
            with work.database.transaction() as db:
                owners = names_of(db, {p.staff_id for p in points})
            for point in points:
                owner = owners[point.staff_id].username if point.staff_id else code
                address = masked_address(point.channel, work.database.vault.open(point, "address") or "")
                word = CHANNELS.get(point.channel, point.channel)
                typer.echo(f"  {owner}  {word} {address}  {contact_words(point)}  {point.id}")


@staff.command("add")
def add(
    username: Annotated[str, typer.Argument(help="用户名")],
    name: Annotated[str, typer.Argument(help="姓名")],
    role: Annotated[str, typer.Argument(help="角色，例如 judicial_officer、supervisor、administrator")],
    office: Annotated[str, typer.Argument(help="单位的代码，例如 puyan-judicial")],
) -> None:
    """添加一个账号。密码只在这里显示一次。"""
    with _acting() as (work, book):
        _, password = book.add(OPERATOR, username, name, role, office, demo=work.settings.mode == "demo")
        typer.echo(f"✓ 添加了 {username}（{name}，{ROLES[role]}）。密码只显示这一次：{password}")


@staff.command("deactivate")
def deactivate(username: Annotated[str, typer.Argument(help="用户名")]) -> None:
    """停用一个账号：立刻登出，手上的工单当场重新派出，负责人会收到通知。"""
    with _acting() as (_, book):
        typer.echo(f"✓ 停用了 {username}。{_told(book.deactivate(OPERATOR, username))}")


@staff.command("move")
def move(
    username: Annotated[str, typer.Argument(help="用户名")],
    office: Annotated[str, typer.Argument(help="新单位的代码")],
    role: Annotated[str, typer.Option("--role", help="新角色；不写就不变")] = "",
) -> None:
    """调到另一个单位（或换角色）：手上的工单留在原单位，当场重新派出。"""
    with _acting() as (_, book):
        typer.echo(f"✓ 调动了 {username}。{_told(book.move(OPERATOR, username, office, role))}")


@staff.command("reset-second")
def reset_second(username: Annotated[str, typer.Argument(help="用户名")]) -> None:
    """手机和纸上的备用码都丢了：取消这个账号的第二道验证，它的登录全部退出。先当面认人。"""
    with _acting() as (work, _):
        factors = SecondFactors(work.database, work.clock, Desk(work.database, work.clock), demo=False)
        if not factors.remove(username, OPERATOR.username):
            raise stop("没有这个账号，或者它没有绑定第二道验证。")
        typer.echo(f"✓ 取消了 {username} 的第二道验证。管理员下次登录要重新绑定。")


@staff.command("contact")
def contact(
    owner: Annotated[str, typer.Argument(help="用户名，或单位的代码（整个单位的群、邮箱）")],
    channel: Annotated[str, typer.Argument(help="、".join(CHANNELS))],
    address: Annotated[str, typer.Argument(help="手机号、邮箱，或机器人的地址；写 - 就会问")],
    audience: Annotated[
        str, typer.Option("--for", help="单位的地址收哪一类：office、supervisor、district_desk")
    ] = "office",
    rank: Annotated[int, typer.Option("--rank", help="先后次序，0 最先")] = 0,
    test: Annotated[bool, typer.Option("--test", help="登记以后发一条【演练】")] = False,
) -> None:
    """登记一个联系方式。地址加密保存。"""
    with _acting() as (_, book):
        typed = typer.prompt("地址", hide_input=True) if address == "-" else address
        point = book.add_contact(OPERATOR, owner, channel, typed, audience=audience, rank=rank)
        if test:
            book.test_contact(OPERATOR, point.id)
        typer.echo(f"✓ 登记了 {owner} 的{CHANNELS[channel]}。{'演练通知已排上队。' if test else ''}")


def _told(back: HandedBack) -> str:
    return (
        f"{back.tickets} 张工单重新派出，{back.second} 张要再找一位签收；"
        f"路上的走访 {back.trips} 次、等确认的调低 {back.lowerings} 次已告诉负责人。"
    )


def _personnel(work: AtWork) -> Personnel:
    partners = [partner.code for partner in load_partners(work.telling.district).entries]
    return Personnel(work.database, work.clock, work.policies, work.telling, partners)


@contextmanager
def _acting() -> Iterator[tuple[AtWork, Personnel]]:
    """The database and the acts; what they refuse is one sentence and exit code 1."""
    try:
        with at_work() as work:
            yield work, _personnel(work)
    except NotThere:
        raise stop("没有这个账号或单位。") from None
    except EscalationError as error:
        raise stop(str(error)) from None
