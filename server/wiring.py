"""The one place where everything is put together."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rasa_sdk.executor import ActionExecutor

from assessments.errors import LibraryError
from assessments.library import Library
from bot.actions import all_actions
from bot.companion.desk import CompanionDesk
from bot.conversation import Conversation
from bot.counselling import Counselling
from bot.dialogue_desk import ApplicationDesk
from bot.moving import Moving
from bot.rasa_client import RasaClient
from bot.turns import TurnMaker
from escalation.casework import Casework
from escalation.chain import Telling
from escalation.channels import Channel
from escalation.intake import Intake
from escalation.joint import JointWork
from escalation.kiosks import Kiosks
from escalation.lowering import Lowerings
from escalation.personnel import Personnel
from escalation.policy_book import PolicyBook
from escalation.reach import Reaching
from escalation.receipts import Receipts
from escalation.replies import Replies
from escalation.ringing import BellDesk
from escalation.second_factor import SecondFactors, is_bound
from escalation.staff import Desk
from escalation.transfer import Transfers
from escalation.trips import Trips
from escalation.watch import Watch
from models.context.trained import LifeReader
from models.counsellor.address import ServerAddress
from models.counsellor.errors import CounsellorError
from models.counsellor.frame import Frame
from models.counsellor.local import LocalVoice
from models.counsellor.remote import RemoteVoice
from models.counsellor.screen import Screen
from models.counsellor.slot import Counsellor
from models.counsellor.voice import Voice
from models.crisis.recogniser import CrisisRecogniser
from models.crisis.trained import crisis_reader
from residents.district import District
from residents.district_book import DistrictBook
from residents.hotlines import load_hotlines
from residents.partners import load_partners
from server.audit_desk import AuditDesk
from server.call_list import CallList
from server.campaign_desk import CampaignDesk
from server.channels import build_channels
from server.commands.verify import anchors_file
from server.console import Console
from server.content_desk import ContentDesk
from server.desk import DeskBook
from server.duty_desk import DutyDesk
from server.front_door import FrontDoor
from server.health import Health
from server.limits import Limits
from server.listening import Listening
from server.logs import log
from server.people_desk import PeopleDesk
from server.places_desk import PlacesDesk
from server.progress_desk import ProgressDesk
from server.rules_desk import RulesDesk
from server.second_desk import SecondDesk
from server.settings import Settings
from server.teamwork_desk import TeamworkDesk
from server.tree_desk import TreeDesk
from server.wechat.account import Wechat, wechat_of
from storage import embedded
from storage.database import Database
from storage.heartbeat import Pulse, process_name
from storage.vault import Keyring, Vault

THREADS = 24


def utc_now() -> datetime:
    """The clock of a real process."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """All collaborators of one process."""

    settings: Settings
    clock: Callable[[], datetime]
    database: Database
    districts: DistrictBook
    telling: Telling
    turns: TurnMaker
    intake: Intake
    conversation: Conversation
    moving: Moving
    companion: CompanionDesk
    actions: ActionExecutor
    console: Console
    teamwork: TeamworkDesk
    front_door: FrontDoor
    progress: ProgressDesk
    desk_book: DeskBook
    duty_desk: DutyDesk
    people_desk: PeopleDesk
    second: SecondDesk
    audit_desk: AuditDesk
    rules_desk: RulesDesk
    content_desk: ContentDesk
    places_desk: PlacesDesk
    kiosks: Kiosks
    watch: Watch
    channels: dict[str, Channel]
    replies: Replies
    receipts: Receipts
    bells: BellDesk
    call_list: CallList
    campaigns: CampaignDesk
    limits: Limits
    health: Health
    listening: Listening
    pulse: Pulse
    rasa: RasaClient
    wechat: Wechat | None
    threads: ThreadPoolExecutor

    @property
    def district(self) -> District:
        """The district as it stands now."""
        return self.districts.current

    def close(self) -> None:
        """Let go of threads and connections."""
        self.listening.close()
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.database.close()


def database_url(settings: Settings) -> str:
    """The database that the settings name, or the embedded one in `home`."""
    return settings.database_url or embedded.url(settings.home / "postgres")


def library_of(settings: Settings) -> Library:
    """The instruments, completed by the district's texts that the settings name.

    Texts that cannot be used are logged and left out, all of them: nobody in danger waits for a questionnaire.
    """
    try:
        return Library.from_files(texts=settings.instrument_texts)
    except LibraryError as error:
        if settings.instrument_texts is None:
            raise
        log.error("instruments: the district's texts are left out, %s", error)
        return Library.from_files()


def counsellor_of(
    settings: Settings, numbers: Iterable[str], reads: Callable[[str], str]
) -> Counsellor | None:
    """The counsellor model that the settings name; None when there is none, which is the default.

    One that cannot be used as it is configured is logged and left out: nobody in danger waits for it to be mended.
    """
    if settings.counsellor == "off":
        return None
    try:
        voice: Voice
        if settings.counsellor == "local":
            voice = LocalVoice(settings.counsellor_folder)
        else:
            address = ServerAddress(settings.counsellor_url, external=settings.counsellor_external)
            voice = RemoteVoice(
                address, settings.counsellor_model, settings.counsellor_key.get_secret_value()
            )
        frame = Frame.from_file()
        screen = Screen.from_file(frame, numbers, reads)
    except CounsellorError as error:
        log.error("counsellor: left out, %s", error)
        return None
    if voice.where == "outside":
        log.warning("counsellor: residents' masked words leave the building")
    return Counsellor(
        voice,
        screen,
        frame,
        reads,
        first_seconds=settings.counsellor_first_seconds,
        total_seconds=settings.counsellor_total_seconds,
    )


def wire(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    database: Database | None = None,
    recogniser: CrisisRecogniser | None = None,
    rasa: RasaClient | None = None,
    channel: Channel | None = None,
    channels: dict[str, Channel] | None = None,
    counsellor: Counsellor | None = None,
    life: LifeReader | None = None,
) -> Services:
    """Put everything together. Tests give their own clock, database, recogniser, dialogue or channels (`channel`
    takes the place of one, under its own name)."""
    database = database or Database(database_url(settings), Vault(Keyring.load(settings.keys)), pool_size=16)
    districts = DistrictBook(settings.district)
    library = library_of(settings)
    policies = PolicyBook(clock, forms=library.editions())
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="work")
    demo = settings.mode == "demo"
    telling = Telling(districts, policies, settings.public_url, demo)
    intake = Intake(database.vault, clock, library, policies, telling)
    turns = TurnMaker(database.vault, intake, load_hotlines(settings.district), clock)
    rasa = rasa or RasaClient(settings.rasa_url, settings.rasa_budget_seconds)
    reads_itself = recogniser is None
    recogniser = recogniser or crisis_reader()
    reader = recogniser
    counsellor = counsellor or counsellor_of(
        settings, (line.number for line in turns.lines), lambda text: reader.read(text).level
    )
    conversation = Conversation(
        database,
        clock,
        recogniser,
        intake,
        rasa,
        turns,
        threads,
        settings.district,
        Counselling(database, intake, threads, counsellor) if counsellor else None,
        life or (LifeReader() if reads_itself else None),
    )
    actions = ActionExecutor()
    for action in all_actions(ApplicationDesk(database, intake, turns, threads, conversation.life)):
        actions.register_action(action)
    channels = build_channels(settings) if channels is None else dict(channels)
    if channel is not None:
        channels[channel.name] = channel
    partners = load_partners(districts.current)
    shared = (database, clock, policies, telling)
    moving = Moving(database, clock, conversation, settings.public_url)
    limits = Limits(clock)
    silent_after = timedelta(seconds=settings.jobs_silent_after_seconds)
    watch = Watch(database, clock, policies, telling)
    health = Health(database, clock, watch.behind, settings.home, demo, silent_after, crisis_reader=reader)
    partner_names = {partner.code: partner.name for partner in partners.entries}
    console = Console(
        database,
        clock,
        Desk(database, clock, is_bound),
        Casework(*shared),
        lambda: partners,
        intake,
        health,
        demo,
    )
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        districts=districts,
        telling=telling,
        turns=turns,
        intake=intake,
        conversation=conversation,
        companion=CompanionDesk(database, clock, turns),
        moving=moving,
        actions=actions,
        console=console,
        front_door=FrontDoor(database, clock, conversation, turns, demo),
        progress=ProgressDesk(
            database, clock, intake, conversation.recogniser, turns.hotlines, limits, settings.public_url
        ),
        desk_book=DeskBook(database, clock, console),
        duty_desk=DutyDesk(database, clock, telling),
        people_desk=PeopleDesk(
            Personnel(database, clock, policies, telling, partner_names), demo, partner_names
        ),
        second=SecondDesk(SecondFactors(database, clock, console.desk, demo)),
        audit_desk=AuditDesk(database, clock, anchors_file(settings), limits),
        rules_desk=RulesDesk(database, clock, policies, limits),
        content_desk=ContentDesk(database, clock),
        places_desk=PlacesDesk(
            database,
            clock,
            districts,
            TreeDesk(database, settings.district),
            settings.public_url,
            settings.district,
        ),
        teamwork=TeamworkDesk(
            console,
            Transfers(*shared),
            Reaching(*shared),
            JointWork(*shared, partners=lambda: partners),
            Trips(*shared),
            Lowerings(*shared),
        ),
        kiosks=Kiosks(database, clock, telling),
        watch=watch,
        channels=channels,
        replies=Replies(database, clock, console.casework, Transfers(*shared)),
        receipts=Receipts(database, clock),
        bells=BellDesk(database, clock),
        call_list=CallList(database, clock, telling),
        campaigns=CampaignDesk(database, clock, intake, settings.public_url, settings.district),
        limits=limits,
        health=health,
        listening=Listening(database),
        pulse=Pulse(database, clock, process_name()),
        rasa=rasa,
        wechat=wechat_of(settings, database, clock, conversation, moving),
        threads=threads,
    )
