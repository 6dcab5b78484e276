"""A channel that remembers, and fails when it is told to."""

from datetime import timedelta

from escalation.channels import Notice, PermanentFailure, Receipt, TemporaryFailure


class RecordingChannel:
    """Keeps the promise of `Channel`. `failing`: None, "temporary" or "permanent"."""

    pace = timedelta(0)

    def __init__(self, name: str = "webhook") -> None:
        self.name = name
        self.sent: list[Notice] = []
        self.failing: str | None = None

    def send(self, notice: Notice) -> Receipt:
        if self.failing == "temporary":
            raise TemporaryFailure("told to fail")
        if self.failing == "permanent":
            raise PermanentFailure("told to refuse")
        self.sent.append(notice)
        return Receipt(self.name, f"receipt-{len(self.sent)}")

    def rang(self, ticket_code: str) -> int:
        """How often this ticket was told of."""
        return sum(notice.ticket_code == ticket_code for notice in self.sent)
