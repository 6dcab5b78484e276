"""`xinqiao route ADDRESS`: which office an address belongs to, and why, step by step."""

import json

import typer
from sqlalchemy.exc import DBAPIError

from residents.district import District
from residents.district_book import DistrictBook
from residents.routing import Explanation, explain
from server.settings import Settings, settings
from storage import embedded
from storage.database import Database
from storage.errors import StorageError
from storage.vault import Keyring, Vault

HOW = {"address": "按地址", "place": "按扫码的地方", "duty_desk": "值班台代接"}


def as_json(district: District, found: Explanation) -> str:
    """One JSON object for programs. These keys stay; others may be added."""
    to = found.route
    return json.dumps(
        {
            "office": to.office,
            "office_name": district.office(to.office).name,
            "street": to.street,
            "street_name": district.street(to.street).name if to.street else None,
            "community": to.community,
            "community_name": district.community(to.community).name if to.community else None,
            "grid": to.grid,
            "grid_name": district.grid(to.grid).name if to.grid else None,
            "confidence": to.confidence,
            "how": to.how,
            "reason": to.reason,
            "recognised": found.recognised,
            "rule": found.rule,
            "would_settle": found.would_settle or None,
            "tree": district.digest,
        },
        ensure_ascii=False,
    )


def as_text(district: District, found: Explanation) -> str:
    """Some lines for a person: the office first, then why, and how it came about."""
    to = found.route
    names = [district.name]
    if to.street:
        names.append(district.street(to.street).name)
    if to.community:
        names.append(district.community(to.community).name)
    if to.grid:
        names.append(district.grid(to.grid).name)
    lines = [f"交给:{district.office(to.office).name}({' · '.join(names)})", f"为什么：{to.reason}"]
    if to.how == "address":
        lines.append(f"把握：{round(to.confidence * 100)}%（{HOW[to.how]}）")
    else:
        lines.append(f"把握：地址没认出来（{HOW[to.how]}）")
    lines.append("认出了：" + ("；".join(found.recognised) if found.recognised else "没有"))
    lines.append(f"规则：{found.rule}")
    if found.would_settle:
        lines.append(f"还可以：{found.would_settle}")
    return "\n".join(lines)


def route(
    address: str = typer.Argument(..., help="地址，怎么写都行"),
    place: str | None = typer.Option(None, "--place", help="扫码的地方(地点代码),地址认不出来时用"),
    as_object: bool = typer.Option(False, "--json", help="给程序用：一行 JSON"),
) -> None:
    """看一个地址归哪个司法所，为什么：按现在用的区划，一步一步说明。"""
    district = tree_in_force(settings())
    found = explain(district, address, place)
    typer.echo(as_json(district, found) if as_object else as_text(district, found))


def tree_in_force(chosen: Settings) -> District:
    """The tree that was imported last, where a database is at work; else the one that comes with the program."""
    book = DistrictBook(chosen.district)
    folder = chosen.home / "postgres"
    if chosen.database_url is None and embedded.running(folder) is None:
        return book.current
    try:
        url = chosen.database_url or embedded.url(folder)
        database = Database(url, Vault(Keyring.load(chosen.keys)), pool_size=1)
        try:
            with database.transaction() as db:
                book.refresh(db)
        finally:
            database.close()
    except (StorageError, DBAPIError):
        typer.echo("数据库连不上，以下按程序自带的区划。", err=True)
    return book.current
