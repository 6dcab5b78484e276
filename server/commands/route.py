"""`xinqiao route ADDRESS`: which office an address belongs to, and why."""

import json

import typer

from residents.district import District, load_district
from residents.routing import Route
from residents.routing import route as find_route
from server.settings import settings

HOW = {"address": "按地址", "place": "按扫码的地方", "duty_desk": "值班台代接"}


def as_json(district: District, found: Route) -> str:
    """One JSON object for programs. These keys stay; others may be added."""
    return json.dumps(
        {
            "office": found.office,
            "office_name": district.office(found.office).name,
            "street": found.street,
            "street_name": district.street(found.street).name if found.street else None,
            "community": found.community,
            "community_name": district.community(found.community).name if found.community else None,
            "confidence": found.confidence,
            "how": found.how,
            "reason": found.reason,
        },
        ensure_ascii=False,
    )


def as_text(district: District, found: Route) -> str:
    """Two or three lines for a person."""
    names = [district.name]
    if found.street:
        names.append(district.street(found.street).name)
    if found.community:
        names.append(district.community(found.community).name)
    lines = [f"交给:{district.office(found.office).name}({' · '.join(names)})"]
    lines.append(f"为什么：{found.reason}")
    if found.how == "address":
        lines.append(f"把握：{round(found.confidence * 100)}%（{HOW[found.how]}）")
    else:
        lines.append(f"把握：地址没认出来（{HOW[found.how]}）")
    return "\n".join(lines)


def route(
    address: str = typer.Argument(..., help="地址，怎么写都行"),
    place: str | None = typer.Option(None, "--place", help="扫码的地方(地点代码),地址认不出来时用"),
    as_object: bool = typer.Option(False, "--json", help="给程序用：一行 JSON"),
) -> None:
    """看一个地址归哪个司法所，为什么。"""
    district = load_district(settings().district)
    found = find_route(district, address, place)
    typer.echo(as_json(district, found) if as_object else as_text(district, found))
