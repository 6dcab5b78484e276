"""The page of the second factor: what the caller's log-in still needs, and binding a telephone."""

import segno

from escalation.second_factor import MUST, SecondFactors
from server.administration_schemas import PaperCodes, SecondOffered, SecondShown
from server.console import Staff


class SecondDesk:
    """Everything behind `/api/staff/second-factor`."""

    def __init__(self, factors: SecondFactors) -> None:
        self.factors = factors

    def shown(self, staff: Staff) -> SecondShown:
        """Where this log-in stands."""
        return SecondShown(
            state=self.factors.state(staff.session, staff.account),
            papers_left=self.factors.papers_left(staff.account),
            may_bind=staff.account.role in MUST,
        )

    def begin(self, staff: Staff, password: str, address: str) -> SecondOffered:
        """Offer a secret, after the password."""
        offered = self.factors.begin(staff.session, staff.account, password, address)
        picture = segno.make(offered.uri, error="m", micro=False).svg_data_uri(
            border=4, light="#fff", scale=5
        )
        letters = " ".join(offered.secret[i : i + 4] for i in range(0, len(offered.secret), 4))
        return SecondOffered(secret=letters, picture=picture)

    def confirm(self, staff: Staff, code: str) -> PaperCodes:
        """Bind it with the first number."""
        return PaperCodes(codes=self.factors.confirm(staff.session, staff.account, "".join(code.split())))

    def give(self, staff: Staff, code: str, address: str) -> SecondShown:
        """Let this session in."""
        self.factors.give(staff.session, staff.account, code, address)
        return self.shown(staff)

    def papers(self, staff: Staff, password: str, address: str) -> PaperCodes:
        """New codes for paper, after the password."""
        return PaperCodes(codes=self.factors.new_papers(staff.session, staff.account, password, address))
