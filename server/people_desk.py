"""What supervisors and administrators see of accounts and addresses, and the acts behind their buttons."""

from uuid import UUID

from escalation.contact_book import CHANNELS, masked_address
from escalation.contact_point import ContactPoint
from escalation.duty_store import names_of, tickets_in_hand
from escalation.personnel import BY_COMMAND, ROLES, TEAM, Actor, HandedBack, Personnel, contact_words
from escalation.staff import StaffAccount
from server.console import Staff
from server.duty_schemas import (
    AccountShown,
    AddContact,
    AddPerson,
    AddressShown,
    MovePerson,
    OfficeShown,
    PeopleList,
    PersonAdded,
    PersonLeft,
)


class PeopleDesk:
    """Accounts and contact points, of the caller's office or (an administrator) of all. Nobody else has them."""

    def __init__(self, personnel: Personnel, demo: bool, partners: dict[str, str]) -> None:
        self.personnel = personnel
        self.demo = demo
        self.partners = partners

    def people(self, staff: Staff) -> PeopleList:
        """The list of accounts and addresses; addresses are masked."""
        by = Actor.of(staff.account)
        accounts = self.personnel.people(by)
        offices = self._offices(by)
        contacts = [
            c for code in offices if code not in self.partners for c in self.personnel.contacts(by, code)
        ]
        with self.personnel.database.transaction() as db:
            held = tickets_in_hand(db, [a.id for a in accounts])
            owners = names_of(db, {c.staff_id for c in contacts})
        roles = TEAM if by.office is not None else tuple(r for r in ROLES if r != "administrator")
        return PeopleList(
            people=[self._account(a, by, held.get(a.id, 0), offices) for a in accounts],
            contacts=[self._contact(c, owners, offices) for c in contacts],
            offices=[OfficeShown(code=code, name=name) for code, name in offices.items()],
            roles=[OfficeShown(code=role, name=ROLES[role]) for role in roles],
            may_move=by.office is None,
            administrators=BY_COMMAND if by.office is None else "",
        )

    def add(self, staff: Staff, body: AddPerson) -> PersonAdded:
        """Hire somebody."""
        by = Actor.of(staff.account)
        account, password = self.personnel.add(
            by, body.username, body.name, body.role, body.office, demo=self.demo
        )
        return PersonAdded(username=account.username, password=password, list=self.people(staff))

    def deactivate(self, staff: Staff, username: str) -> PersonLeft:
        """End an account; what it had in hand is told again."""
        return self._left(staff, self.personnel.deactivate(Actor.of(staff.account), username))

    def move(self, staff: Staff, username: str, body: MovePerson) -> PersonLeft:
        """Send somebody to another office or give them another role."""
        return self._left(
            staff, self.personnel.move(Actor.of(staff.account), username, body.office, body.role)
        )

    def add_contact(self, staff: Staff, body: AddContact) -> PeopleList:
        """Keep an address."""
        self.personnel.add_contact(
            Actor.of(staff.account),
            body.owner,
            body.channel,
            body.address,
            audience=body.audience,
            rank=body.rank,
        )
        return self.people(staff)

    def remove_contact(self, staff: Staff, contact: UUID) -> PeopleList:
        """Forget an address."""
        self.personnel.remove_contact(Actor.of(staff.account), contact)
        return self.people(staff)

    def test_contact(self, staff: Staff, contact: UUID) -> PeopleList:
        """Send a drill to an address."""
        self.personnel.test_contact(Actor.of(staff.account), contact)
        return self.people(staff)

    def _left(self, staff: Staff, back: HandedBack) -> PersonLeft:
        return PersonLeft(**vars(back), list=self.people(staff))

    def _offices(self, by: Actor) -> dict[str, str]:
        """The offices that the caller may touch by code; partners too for an administrator."""
        everything = {o.code: o.name for o in self.personnel.telling.district.offices}
        if by.office is not None:
            return {by.office: everything.get(by.office, by.office)}
        return {**everything, **self.partners}

    def _account(self, account: StaffAccount, by: Actor, held: int, offices: dict[str, str]) -> AccountShown:
        mine = account.id == by.account_id
        return AccountShown(
            username=account.username,
            name=account.name,
            role=account.role,
            role_name=ROLES[account.role],
            office=account.office,
            office_name=offices.get(account.office, "已撤销的单位"),
            active=account.active,
            open_tickets=held,
            may_change=account.active and not mine and (by.office is None or account.role in TEAM),
            may_move=account.active and not mine and by.office is None and account.role != "administrator",
        )

    def _contact(
        self, point: ContactPoint, owners: dict[UUID, StaffAccount], offices: dict[str, str]
    ) -> AddressShown:
        owner = owners.get(point.staff_id) if point.staff_id is not None else None
        address = self.personnel.vault.open(point, "address") or ""
        return AddressShown(
            id=point.id,
            owner=owner.username if owner else point.office,
            owner_name=owner.name if owner else offices[point.office],
            what_for=contact_words(point),
            channel=point.channel,
            channel_word=CHANNELS.get(point.channel, "站内"),
            address=masked_address(point.channel, address),
            rank=point.rank,
        )
