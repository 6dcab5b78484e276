"""Kiosks in halls: their sign of life, the staff's screen on the machine, and what the console shows of them."""

from fastapi import APIRouter

from escalation.kiosks import KioskSeen
from server.callers import CurrentKiosk, CurrentStaff, KioskWithParcels, Wired
from server.kiosk_schemas import (
    KioskBeat,
    KioskHeard,
    KioskOpened,
    KioskPin,
    KioskShown,
    OfflinePack,
    OfflineParcel,
    ParcelTaken,
)
from server.offline_parcels import make_pack, receive_parcel

router = APIRouter(prefix="/api/kiosk", tags=["kiosk"])
staff_router = APIRouter(prefix="/api/staff", tags=["staff"])


@router.post("/beat")
def beat(body: KioskBeat, device: CurrentKiosk, services: Wired) -> KioskHeard:
    """Say that this machine shows its page. Who is before it, or whether anybody is, is not said."""
    services.kiosks.beat(device, body.version)
    return KioskHeard(place=device.place, at=services.clock())


@router.post("/unlock")
def unlock(body: KioskPin, device: CurrentKiosk, services: Wired) -> KioskOpened:
    """Check the PIN of the staff's screen; throttled by machine. What it opens lasts until the page is loaded again."""
    services.kiosks.unlock(device, body.pin)
    return KioskOpened(place=device.place, made_at=device.made_at, at=services.clock())


@router.get("/offline")
def offline(device: CurrentKiosk, services: Wired) -> OfflinePack:
    """What this machine needs to ask a few questions while the network is cut; the same for every machine."""
    return make_pack(services)


@router.post("/parcels")
def post_parcel(body: OfflineParcel, device: KioskWithParcels, services: Wired) -> ParcelTaken:
    """Take in what was answered while the network was cut. Sent again, it counts once; a key that was ended meanwhile
    opens this and nothing else."""
    receive_parcel(services, device, body)
    return ParcelTaken(id=body.id)


@staff_router.get("/kiosks")
def list_kiosks(staff: CurrentStaff, services: Wired) -> list[KioskShown]:
    """The kiosks of this office's places, and whether each is heard of; the district's desk sees all."""
    now = services.clock()
    return [
        KioskShown(
            place=one.place.name,
            state=one.state,
            seen_at=one.device.seen_at,
            version=one.device.version,
            words=words(one, int((now - (one.device.seen_at or now)).total_seconds() // 60)),
        )
        for one in services.kiosks.seen_by(staff.account)
    ]


def words(one: KioskSeen, minutes: int) -> str:
    """One machine in a sentence."""
    if one.state == "never":
        return f"{one.place.name}的终端机登记了，还没有开过机。"
    if one.state == "well":
        return f"{one.place.name}的终端机正常。"
    silent = f"{minutes} 分钟" if minutes < 120 else f"{minutes // 60} 个多小时"
    return f"{one.place.name}的终端机 {silent}没有信号，请去看看电源和网络。"
