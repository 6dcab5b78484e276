"""The bodies that may be asked for a part of the work: communities, schools, hospitals, police."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from residents.content import read_content
from residents.district import FOLDER, INVENTED_NUMBER, District

PartnerKind = Literal["community", "school", "hospital", "police"]
Part = Literal["look_in", "accompany", "information", "assess", "protect", "other"]
PARTS: dict[Part, str] = {
    "look_in": "上门看看",
    "accompany": "陪同",
    "information": "了解情况",
    "assess": "专业评估",
    "protect": "到场保护安全",
    "other": "其他协助",
}


@dataclass(frozen=True)
class Partner:
    """One body outside the offices. Without `streets` it serves the whole district."""

    code: str
    name: str
    kind: PartnerKind
    streets: tuple[str, ...]
    phone: str
    what: tuple[Part, ...]

    def serves(self, street: str | None) -> bool:
        """Whether an office of this street (None: of the district) may ask it."""
        return not self.streets or street is None or street in self.streets


@dataclass(frozen=True)
class Partners:
    """All partners of one district."""

    entries: tuple[Partner, ...]

    def known(self, code: str) -> Partner | None:
        """The partner of this code, or None."""
        return next((partner for partner in self.entries if partner.code == code), None)

    def of(self, street: str | None) -> tuple[Partner, ...]:
        """Whom an office of this street may ask."""
        return tuple(partner for partner in self.entries if partner.serves(street))


def load_partners(district: District, folder: Path = FOLDER) -> Partners:
    """Read `<district>_partners.yml`. An unknown street, kind or part, or a code that stands twice or is an
    office's, raises `DistrictError` with its place."""
    top = read_content(folder / f"{district.code}_partners.yml")
    top.fields(("partners",))
    streets = {street.code for street in district.streets}
    taken = {office.code for office in district.offices}
    entries = []
    for node in top["partners"].items():
        node.fields(("code", "name", "kind", "phone", "what"), ("streets",))
        code, kind, what = node["code"].code(), node["kind"].value, node["what"].texts()
        if code in taken:
            raise node["code"].refuse(f"{code} stands twice, or is an office")
        if kind not in get_args(PartnerKind):
            raise node["kind"].refuse(f"must be one of {', '.join(get_args(PartnerKind))}")
        if not what or set(what) - set(PARTS):
            raise node["what"].refuse(f"must be of {', '.join(PARTS)}")
        served = node["streets"].texts()
        if set(served) - streets:
            raise node["streets"].refuse(f"there is no street {', '.join(sorted(set(served) - streets))}")
        phone = node["phone"].text()
        if district.demo and not INVENTED_NUMBER.fullmatch(phone):
            raise node["phone"].refuse("a demo district has invented numbers only: 0571-0000-01xx")
        taken.add(code)
        entries.append(Partner(code, node["name"].text(), kind, served, phone, what))  # type: ignore[arg-type]
    return Partners(tuple(entries))
