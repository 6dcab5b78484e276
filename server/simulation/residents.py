"""How residents speak: through the conversation as a whole, or through what judges their words."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from residents.resident import Consent, Identity, Resident, Scope
from residents.session import ResidentSession, new_sender, new_token, token_hash
from residents.store import identity_of, lock_session
from server.simulation.engine import read
from server.simulation.world import Arrival, Home, World
from server.wiring import Services

T = TypeVar("T")


@dataclass
class Person:
    """Somebody who has spoken: what the simulation knows about them, and where they are in the tables."""

    number: int
    home: Home
    resident_id: UUID
    session: ResidentSession


class Residents:
    """Everybody who has come so far. What they do counts once, however often a killed process makes them try."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people: dict[int, Person] = {}
        self.loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Let go of the loop."""
        self.loop.close()

    def speak(self, services: Services, arrival: Arrival) -> Person:
        """Somebody comes and says their sentence, or asks to be called."""
        person = self.people.get(arrival.resident)
        if person is None:
            person = self._arrive(services, arrival)
            self.people[arrival.resident] = person
        session = self._session(services, person)
        if arrival.words == "call_back":
            with services.database.transaction() as db:
                services.intake.call_back(db, lock_session(db, session.id), services.clock())
        elif arrival.whole_talk:
            talk = services.conversation.reply(session, self._client_id(arrival, "says"), arrival.text)
            self._wait(talk)
        else:
            self._say(services, session, arrival)
        return person

    def state_address(self, services: Services, person: Person, arrival: Arrival) -> None:
        """Say who one is and where one lives, some minutes after the sentence."""
        session = self._session(services, person)
        told = {"name": person.home.name, "phone": person.home.phone, "address": person.home.address}
        if arrival.whole_talk:
            for name, value in told.items():
                if value is not None:
                    client_id = self._client_id(arrival, name)
                    self._wait(services.conversation.contact(session, client_id, name, value))  # type: ignore[arg-type]
            return
        with services.database.transaction() as db:
            session = lock_session(db, session.id)
            identity = identity_of(db, person.resident_id)
            if identity is None:
                identity = Identity(resident_id=person.resident_id)
                db.add(identity)
            for name, value in told.items():
                services.database.vault.seal(identity, name, value)
            db.flush()
            if person.home.address is not None:
                services.intake.address_stated(db, session, person.home.address, services.clock())

    def _arrive(self, services: Services, arrival: Arrival) -> Person:
        home = self.world.home(arrival.resident)
        if arrival.place is not None:
            home = replace(home, address=None, place=arrival.place)
        if arrival.whole_talk:
            talk = services.conversation
            token, _ = self._wait(talk.open("phone", None, None, may_begin=lambda: None))
            session = talk.session_of(token)
            ticks = {str(scope): home.shares or scope is not Scope.SHARE for scope in Scope}
            self._wait(talk.consent(session, ticks))
            return Person(arrival.resident, home, session.resident_id, session)
        now = services.clock()
        resident = Resident(arrived_at=now)
        with services.database.transaction() as db:
            db.add(resident)
            db.flush()
            for scope in Scope:
                given = home.shares or scope is not Scope.SHARE
                db.add(
                    Consent(resident_id=resident.id, scope=scope, given=given, wording="simulation", at=now)
                )
        return Person(arrival.resident, home, resident.id, self._new_session(services, resident.id, home))

    def _say(self, services: Services, session: ResidentSession, arrival: Arrival) -> None:
        reading = read(arrival.text)
        spans = [(reason.rule, reason.start, reason.end) for reason in reading.reasons]
        with services.database.transaction() as db:
            services.intake.receive_words(
                db, lock_session(db, session.id), self._client_id(arrival, "says"), reading.level,
                reading.categories, reading.imminent, spans, arrival.at,
            )  # fmt: skip

    def _session(self, services: Services, person: Person) -> ResidentSession:
        """The conversation as it stands; a new one of the same person when the old one has ended."""
        if not person.session.alive(services.clock()):
            person.session = self._new_session(services, person.resident_id, person.home)
        return person.session

    def _new_session(self, services: Services, resident_id: UUID, home: Home) -> ResidentSession:
        now = services.clock()
        place = self.world.district.place(home.place) if home.place else None
        session = ResidentSession(
            resident_id=resident_id,
            token_hash=token_hash(new_token()),
            sender=new_sender(),
            door="kiosk" if place is not None and place.kind == "hall" else "phone",
            place=home.place,
            opened_at=now,
            seen_at=now,
            callback_wanted=False,
            worker_wanted=False,
        )
        with services.database.transaction() as db:
            db.add(session)
        return session

    def _client_id(self, arrival: Arrival, what: str) -> UUID:
        """A name for one act, the same however often it is tried."""
        return UUID(int=self.world.chance("client", arrival.number, what).getrandbits(128), version=4)

    def _wait(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(doing)
