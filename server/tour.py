"""The guided tour of the demo district: ten stops, what to press, and where. There is none in live mode."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from escalation.ticket import Ticket
from residents import place_codes
from server.commands.seed import OFFICERS, ROLES
from server.simulation.history import ENDED
from server.wiring import Services
from storage.audit import AuditEntry

FILE = Path(__file__).with_name("tour.yml")
CODES_LAST = timedelta(days=2)


@dataclass(frozen=True)
class Link:
    """Where a stop leads; `account` is who to log in as."""

    text: str
    address: str
    account: str


class Tour:
    """What stands on the tour's page, for one visitor."""

    def __init__(self, services: Services, paths: Collection[str], at_this_machine: bool) -> None:
        self.services = services
        self.paths = paths
        self.at_this_machine = at_this_machine
        self.content: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))

    @property
    def title(self) -> str:
        """What stands on top."""
        return str(self.content["title"])

    def html(self) -> str:
        """The page's content, below its title."""
        stops = "".join(
            self._stop(number, stop) for number, stop in enumerate(self.content["stops"], start=1)
        )
        return f"<p>{escape(self.content['intro'])}</p><ol class=stops>{stops}</ol>{self._accounts()}"

    def links(self, stop: Mapping[str, Any]) -> Iterator[Link]:
        """The links of one stop that lead somewhere here."""
        for link in stop["links"]:
            address = self._address(link)
            if address is not None and ("needs" not in link or link["needs"] in self.paths):
                yield Link(link["text"], address, link.get("as", ""))

    def _stop(self, number: int, stop: Mapping[str, Any]) -> str:
        press = "".join(f"<li>{escape(one)}</li>" for one in stop["press"])
        go = "".join(
            f'<li><a href="{escape(link.address)}">{escape(link.text)}'
            f"{f'（用 {escape(link.account)} 登录）' if link.account else ''}</a></li>"
            for link in self.links(stop)
        )
        return (
            f"<li><h2>{number}. {escape(stop['title'])}</h2><p>{escape(stop['why'])}</p>"
            f"<ul>{press}</ul><ul class=go>{go}</ul></li>"
        )

    def _address(self, link: Mapping[str, Any]) -> str | None:
        match link["to"]:
            case "phone":
                return f"/q/{self._place('poster')}"
            case "kiosk":
                return f"/kiosk/{self._place('hall')}"
            case "console":
                return f"/console{link['path']}"
            case "progress":
                code = self._progress_code()
                return f"/t/{code}" if code else None
            case "gateway":
                settings = self.services.settings
                own = f"http://127.0.0.1:{settings.gateway_port}/"
                return own if self.at_this_machine and settings.gateway_url.startswith(own) else None
            case _:
                return str(link["path"])

    def _place(self, kind: str) -> str:
        places = self.services.district.places
        place = next((place for place in places if place.kind == kind), places[0])
        expires = (self.services.clock() + CODES_LAST).date()
        vault = self.services.database.vault
        return place_codes.make(vault.sign, place.code, expires, site=self.services.settings.district)

    def _progress_code(self) -> str | None:
        """The code of somebody whom the demo's past invented: the newest of those whose matter somebody has. Never of
        anybody who came after it."""
        with self.services.database.transaction() as db:
            written = db.scalar(select(AuditEntry.at).where(AuditEntry.action == ENDED).limit(1))
            if written is None:
                return None
            ticket = db.scalar(
                select(Ticket)
                .where(Ticket.opened_at <= written, Ticket.holder_id.is_not(None), Ticket.closed_at.is_(None))
                .order_by(Ticket.level.desc(), Ticket.opened_at.desc())
                .limit(1)
            )
            return self.services.database.vault.open(ticket, "resident_code") if ticket is not None else None

    def _accounts(self) -> str:
        """The demo accounts; their passwords are shown to whoever sits at this machine, and to nobody else."""
        passwords: dict[str, str] = {}
        file = self.services.settings.home / "demo_accounts.json"
        if self.at_this_machine and file.exists():
            passwords = json.loads(file.read_text("utf-8"))
        rows = "".join(
            f"<tr><td><code>{username}</code></td><td><code>{escape(passwords.get(username, '见终端'))}</code></td>"
            f"<td>{escape(name)} {ROLES[role]}</td></tr>"
            for username, name, role, _ in OFFICERS
        )
        return (
            "<h2>演示账号（工作台）</h2><p class=small>密码写在运行 make run 的那个终端里。</p>"
            f"<table><thead><tr><th>账号</th><th>密码</th><th>是谁</th></tr></thead><tbody>{rows}</tbody></table>"
        )
