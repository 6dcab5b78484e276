"""The people we serve. Nameless at the door; name, telephone and address are sealed apart.

What a person agreed to is a row for each change of a tick, never an overwritten flag, so that it can be shown
what was agreed at any moment.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Entity, Identified

ContactField = Literal["name", "phone", "address", "safe_to_call", "trusted_person"]
CONTACT_FIELDS: tuple[ContactField, ...] = ("name", "phone", "address", "safe_to_call", "trusted_person")


class Scope(StrEnum):
    """What can be agreed to, each on its own (PIPL art. 29)."""

    CHAT = "chat"
    SCREENING = "screening"
    CONTACT = "contact"
    SHARE = "share"


UNDER_AGE = frozenset({"under_14", "not_said"})
"""What somebody may have said of their age, after which a guardian is asked (PIPL art. 31); unsaid counts as young."""

GUARDIAN = "/guardian/"
"""Stands in the wording's name of a tick that a guardian gave, followed by who that is to the child."""


class Basis(StrEnum):
    """Why personal data may be passed to an office: agreed, or danger to life (PIPL art. 13(4))."""

    CONSENT = "consent"
    DANGER_TO_LIFE = "danger_to_life"


class Resident(Identified, Entity):
    """One person, known at first only by a random id."""

    __tablename__ = "resident"

    arrived_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class Identity(Identified, Entity):
    """How a person can be reached. Every field may be missing: each was asked for, none was demanded."""

    __tablename__ = "identity"

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), unique=True)
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_confirmed: Mapped[bool] = mapped_column(default=False)
    safe_to_call_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    trusted_person_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    declined: Mapped[str] = mapped_column(default="")

    def has(self, field: ContactField) -> bool:
        """Whether this field was given."""
        return getattr(self, f"{field}_sealed") is not None

    def decline(self, field: ContactField) -> None:
        """Remember that the person would rather not say, so that nobody asks again."""
        self.declined = " ".join(sorted({*self.declined.split(), field}))


class Consent(Identified, Entity):
    """One change of one tick. The latest row for a scope is what holds now."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_latest", "resident_id", "scope", "at"),)

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    scope: Mapped[str]
    given: Mapped[bool]
    wording: Mapped[str]
    at: Mapped[datetime]


class Disclosure(Identified, Entity):
    """One passing-on of personal data: what, on which basis, who judged it, and who opened it if somebody did."""

    __tablename__ = "disclosure"

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    ticket_code: Mapped[str] = mapped_column(index=True)
    office: Mapped[str]
    basis: Mapped[str]
    judged_by: Mapped[str]
    opened_by: Mapped[str | None]
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    fields: Mapped[str]
    at: Mapped[datetime]


def agreed(rows: Iterable[Consent]) -> dict[Scope, bool]:
    """What holds now, from all changes in any order; what was never ticked is not agreed."""
    now: dict[Scope, bool] = dict.fromkeys(Scope, False)
    for row in sorted(rows, key=lambda r: r.at):
        now[Scope(row.scope)] = row.given
    return now


def basis_for_passing_on(consents: Mapping[Scope, bool], danger_to_life: bool) -> Basis | None:
    """On which basis identity may reach the office, or None when it may not.

    Consent comes first; without it only danger to life passes (DECISIONS, "Finding the person").
    """
    if consents.get(Scope.SHARE):
        return Basis.CONSENT
    return Basis.DANGER_TO_LIFE if danger_to_life else None


def next_contact_field(identity: Identity | None) -> ContactField | None:
    """The first thing that was neither given nor declined; None when nothing is left to ask."""
    for field in CONTACT_FIELDS:
        if identity is None or not (identity.has(field) or field in identity.declined.split()):
            return field
    return None
