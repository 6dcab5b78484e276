"""What the gateway for text messages hands in: replies and delivery receipts. It sees nothing else of ours."""

from fastapi import APIRouter

from escalation.outbox import TEXT_MESSAGE
from server.callers import GatewayService, Wired
from server.notice_schemas import DeliveryReceipt, ReceiptTaken, Reply, ReplyAnswered

router = APIRouter(prefix="/api/gateway", tags=["programs"])


@router.post("/replies")
def take_reply(body: Reply, caller: GatewayService, services: Wired) -> ReplyAnswered:
    """Act on a reply such as 签收 483920, and say what to send back. The same reply twice is done once."""
    return ReplyAnswered(sentence=services.replies.take(body.sender, body.text))


@router.post("/receipts")
def take_receipt(body: DeliveryReceipt, caller: GatewayService, services: Wired) -> ReceiptTaken:
    """Put back what was `undelivered` after all. Other, repeated and unknown receipts change nothing."""
    return ReceiptTaken(changed=services.receipts.take(TEXT_MESSAGE, body.reference, body.status))
