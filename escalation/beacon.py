"""Tells every process that something changed on a ticket, when the transaction that changed it commits.

A line of the time line is such a change, and so is a call from a kiosk. What goes out is the ticket's code, the kind
of the line and the offices on whose lists the ticket stands: no name, no word, no level. Whoever hears it asks the
tables, as before; whoever does not hear it finds the same a little later.
"""

from typing import Any

from sqlalchemy import Connection, event, text

from escalation.ticket import DeskCall, TicketEvent

CHANNEL = "xinqiao_desk"

_ON_TICKET = text(
    """
    SELECT pg_notify(:channel, json_build_object('code', t.code, 'kind', CAST(:kind AS text), 'offices',
      (SELECT json_agg(o) FROM
         (SELECT t.office AS o UNION SELECT d.office FROM ticket_desk d WHERE d.ticket_id = t.id) AS every))::text)
    FROM ticket t WHERE t.id = :ticket
    """
)
_AT_KIOSK = text(
    "SELECT pg_notify(:channel, json_build_object('code', '', 'kind', 'desk_call', 'offices', "
    "json_build_array(CAST(:office AS text)))::text)"
)


@event.listens_for(TicketEvent, "after_insert")
def _on_time_line(_mapper: Any, connection: Connection, line: TicketEvent) -> None:
    connection.execute(_ON_TICKET, {"channel": CHANNEL, "kind": line.kind, "ticket": line.ticket_id})


@event.listens_for(DeskCall, "after_insert")
@event.listens_for(DeskCall, "after_update")
def _at_a_kiosk(_mapper: Any, connection: Connection, call: DeskCall) -> None:
    connection.execute(_AT_KIOSK, {"channel": CHANNEL, "office": call.office})
