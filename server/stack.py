"""What one running Xinqiao consists of: its programs, their environments, and the addresses they share."""

import os
import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from server import local_https
from server.local_https import LocalCertificate
from server.settings import ROOT, Settings
from server.supervision import Program, Supervisor
from storage import embedded

ACTIONS_PATH = "/api/rasa/actions"
DIALOGUE = ROOT / "models" / "dialogue" / "dialogue.tar.gz"
RASA = ROOT / ".venv-rasa" / "bin" / "rasa"
RASA_SIDE = ROOT / "bot" / "rasa_side"
START_RASA = (str(RASA.parent / "python"), "-m", "xinqiao_rasa")
"""Instead of `RASA` for a Rasa that talks; `RASA_SIDE` must be on its path."""
TITLES = {
    "postgres": "数据库",
    "gateway": "演示短信网关",
    "rasa": "对话 (Rasa)",
    "app": "应用",
    "jobs": "定时任务",
    "lookout": "看护",
}


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first program starts."""

    settings: Settings
    base_url: str  # for ourselves, on loopback
    public_url: str  # for people
    database_url: str
    certificate: LocalCertificate | None
    action_token: str
    embedded_database: bool
    demo_gateway: bool
    lookout_token: str
    lookout_gateway_url: str | None  # without one there is no lookout here

    @property
    def home(self) -> Path:
        return self.settings.home.resolve()

    @property
    def database_folder(self) -> Path:
        return self.home / "postgres"

    @property
    def ports(self) -> dict[str, tuple[str, int]]:
        """Where each program listens: title -> (address, port)."""
        taken = {
            "应用": ("0.0.0.0" if self.certificate else self.settings.host, self.settings.port),
            "对话 (Rasa)": ("127.0.0.1", self.settings.rasa_port),
        }
        if self.demo_gateway:
            taken["演示短信网关"] = ("127.0.0.1", self.settings.gateway_port)
        return taken

    def application_environment(self) -> dict[str, str]:
        """What the application and its jobs are told, on top of this process's own environment."""
        settings = self.settings
        told = {
            "XINQIAO_HOME": str(self.home),
            "XINQIAO_HOST": "0.0.0.0" if self.certificate else settings.host,
            "XINQIAO_PORT": str(settings.port),
            "XINQIAO_PUBLIC_URL": self.public_url,
            "XINQIAO_RASA_PORT": str(settings.rasa_port),
            "XINQIAO_RASA_URL": _rasa_url(settings),
            "XINQIAO_GATEWAY_PORT": str(settings.gateway_port),
            "XINQIAO_GATEWAY_URL": _gateway_url(settings),
            "XINQIAO_ACTION_TOKEN": self.action_token,
            "XINQIAO_LOOKOUT_TOKEN": self.lookout_token,
            "DATABASE_URL": self.database_url,
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }
        if self.certificate:
            told["XINQIAO_TLS_CERTIFICATE"] = str(self.certificate.certificate)
            told["XINQIAO_TLS_KEY"] = str(self.certificate.key)
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**inherited, **told}

    def lookout_environment(self) -> dict[str, str]:
        """The lookout gets its token and its own gateways, and neither database nor keys."""
        closed = ("DATABASE_URL", "XINQIAO_ACTION_TOKEN", "XINQIAO_KEYS_FILE")
        told = {name: value for name, value in self.application_environment().items() if name not in closed}
        return {**told, "XINQIAO_LOOKOUT_GATEWAY_URL": self.lookout_gateway_url or ""}

    def rasa_environment(self) -> dict[str, str]:
        """Rasa gets no secret but the token of this run: no database, no keys, nothing of ours."""
        own = self.home / "rasa"
        told = {
            "PATH": f"{RASA.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(own),
            "TMPDIR": str(own / "tmp"),  # Jieba keeps its dictionary there between starts
            "MPLCONFIGDIR": str(own / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(RASA_SIDE),  # without the words of those who speak
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            "RASA_TELEMETRY_ENABLED": "false",
            "SANIC_WORKERS": "1",
            "LOG_LEVEL": "WARNING",
            "LOG_LEVEL_LIBRARIES": "ERROR",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "-1",
            "XINQIAO_ACTION_URL": self.base_url + ACTIONS_PATH,
            "XINQIAO_ACTION_TOKEN": self.action_token,
        }
        if self.certificate:
            told["SSL_CERT_FILE"] = str(self.certificate.authority)
        return told


def plan(settings: Settings, *, lan: bool, lan_address: str | None, now: datetime) -> Plan:
    """Decide addresses, certificate and tokens. Raises `NoAddress` when no phone could reach this machine."""
    given = settings.model_fields_set
    certificate = None
    public_url = (
        settings.public_url if "public_url" in given else f"http://{_named(settings.host)}:{settings.port}"
    )
    scheme = "https" if settings.tls_certificate else "http"
    if lan:
        address = local_https.own_address(lan_address)
        certificate = local_https.certificate_for(settings.home.resolve() / "tls", address, now)
        public_url = f"https://{f'[{address}]' if ':' in address else address}:{settings.port}"
        scheme = "https"
    folder = settings.home.resolve() / "postgres"
    demo_gateway = settings.mode == "demo" and "gateway_url" not in given
    return Plan(
        settings=settings,
        base_url=f"{scheme}://127.0.0.1:{settings.port}",
        public_url=public_url.rstrip("/"),
        database_url=settings.database_url or embedded.url(folder),
        certificate=certificate,
        action_token=settings.action_token if "action_token" in given else secrets.token_urlsafe(32),
        embedded_database=settings.database_url is None,
        demo_gateway=demo_gateway,
        lookout_token=settings.lookout_token if "lookout_token" in given else secrets.token_urlsafe(32),
        lookout_gateway_url=settings.lookout_gateway_url
        or (_gateway_url(settings) if demo_gateway else None),
    )


def supervisor_of(home: Path) -> Supervisor:
    """The supervisor of the Xinqiao that lives in this folder, running or not."""
    return Supervisor(home.resolve() / "supervisor", home.resolve() / "logs")


def programs(plan: Plan) -> Iterable[Program]:
    """The programs in the order of their start; they are stopped the other way round."""
    settings = plan.settings
    if plan.embedded_database:
        yield Program(
            "postgres",
            TITLES["postgres"],
            embedded.command(plan.database_folder),
            {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            order=10,
            cwd=plan.database_folder,
            user=embedded.user(),
            stop_signal="INT",  # fast shutdown: open transactions are rolled back, nothing waits for clients
            stop_whole_group=False,
            stop_seconds=30,
        )
    if plan.demo_gateway:
        yield _own(plan, "gateway", order=20)
    yield Program(
        "rasa",
        TITLES["rasa"],
        [*START_RASA, "run", "--quiet", "--model", str(DIALOGUE)]
        + ["--endpoints", str(ROOT / "bot" / "endpoints.yml")]
        + ["--credentials", str(ROOT / "bot" / "credentials.yml")]
        + ["--interface", "127.0.0.1", "--port", str(settings.rasa_port)],
        plan.rasa_environment(),
        order=30,
        cwd=plan.home / "rasa",
    )
    yield _own(plan, "serve", name="app", order=40)
    yield _own(plan, "jobs", order=50)
    if plan.lookout_gateway_url:
        authority = ["--certificate", str(plan.certificate.authority)] if plan.certificate else []
        yield Program(
            "lookout",
            TITLES["lookout"],
            [sys.executable, "-m", "server.cli", "lookout", "--url", plan.base_url, *authority],
            plan.lookout_environment(),
            order=60,
            cwd=ROOT,
        )


def _own(plan: Plan, verb: str, *, order: int, name: str = "") -> Program:
    argv = [sys.executable, "-m", "server.cli", verb]
    return Program(
        name or verb, TITLES[name or verb], argv, plan.application_environment(), order=order, cwd=ROOT
    )


def _named(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host


def _rasa_url(settings: Settings) -> str:
    if "rasa_url" in settings.model_fields_set:
        return settings.rasa_url
    return f"http://127.0.0.1:{settings.rasa_port}"


def _gateway_url(settings: Settings) -> str:
    if "gateway_url" in settings.model_fields_set:
        return settings.gateway_url
    return f"http://127.0.0.1:{settings.gateway_port}/notices"
