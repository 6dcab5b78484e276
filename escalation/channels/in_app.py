"""Notices that are shown in the console itself: nothing is sent, because the row is the notice."""

from datetime import timedelta

from escalation.channels import Notice, Receipt


class InAppChannel:
    """Takes everything: who looks at the console sees what has not been seen yet."""

    name = "in_app"
    pace = timedelta(0)

    def send(self, notice: Notice) -> Receipt:
        """Always taken. Nobody has read it for that; a person's acknowledgement is what counts."""
        return Receipt(self.name, notice.key)
