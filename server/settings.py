"""Every setting of the application. Nothing else reads the environment."""

from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
PROXIES_AT_MOST = 256
"""So many addresses may be one network of proxies: in a larger one there may be residents, too."""


class Settings(BaseSettings):
    """Read from the environment (prefix `XINQIAO_`) and from `.env`; documented in `.env.example`."""

    model_config = SettingsConfigDict(env_prefix="XINQIAO_", env_file=ROOT / ".env", extra="ignore")

    mode: Literal["demo", "live"] = "demo"
    district: str = "binjiang"
    home: Path = ROOT / ".run"

    host: str = "127.0.0.1"
    port: int = 8300
    public_url: str = "http://127.0.0.1:8300"
    front_proxies: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    keys_file: Path | None = None
    signoff: Path | None = None
    instrument_texts: Path | None = None

    rasa_port: int = 8305
    rasa_url: str = "http://127.0.0.1:8305"
    rasa_budget_seconds: float = 3.0
    action_token: str = "loopback-only"

    counsellor: Literal["off", "remote", "local"] = "off"
    counsellor_url: str = "http://127.0.0.1:11434/v1"
    counsellor_model: str = ""
    counsellor_key: SecretStr = SecretStr("")
    counsellor_external: bool = False
    counsellor_folder: Path = ROOT / "models" / "counsellor" / "model"
    counsellor_first_seconds: float = Field(default=3.0, gt=0, le=3)
    counsellor_total_seconds: float = Field(default=8.0, gt=0, le=9)

    gateway_port: int = 8309
    gateway_url: str = "http://127.0.0.1:8309/notices"
    gateway_budget_seconds: float = Field(default=8.0, gt=0, le=30)
    gateway_token: SecretStr = SecretStr("")

    robot_hosts: str = "oapi.dingtalk.com,qyapi.weixin.qq.com"
    sms_url: str | None = None
    sms_secret: SecretStr = SecretStr("")
    sms_mark: str = Field(default="心桥", max_length=20)
    mail_host: str | None = None
    mail_port: int = Field(default=587, ge=1, le=65535)
    mail_security: Literal["starttls", "tls", "none"] = "starttls"
    mail_user: str = ""
    mail_password: SecretStr = SecretStr("")
    mail_sender: str = ""

    wechat_appid: str = Field(default="", pattern=r"^[A-Za-z0-9]{0,40}$")
    wechat_secret: SecretStr = SecretStr("")
    wechat_token: SecretStr = SecretStr("")
    wechat_key: SecretStr = SecretStr("")
    wechat_url: str = "https://api.weixin.qq.com"

    wall_key: SecretStr = SecretStr("")
    board_map: Path | None = None

    demo_history_days: int = Field(default=90, ge=0, le=365)
    backup_minutes: float = Field(default=15.0, gt=0, le=24 * 60)

    jobs_silent_after_seconds: float = Field(default=30.0, gt=0, le=30)
    lookout_token: str = "loopback-only"
    lookout_name: str = Field(default="here", pattern=r"^[A-Za-z0-9._-]{1,40}$")
    lookout_gateway_url: str | None = None
    lookout_second_url: str | None = None
    lookout_every_seconds: float = Field(default=10.0, gt=0, le=30)
    lookout_again_seconds: float = Field(default=300.0, gt=0, le=300)

    @field_validator("front_proxies")
    @classmethod
    def _each_is_an_address(cls, said: str) -> str:
        """Addresses or networks, never everybody: whoever may say where a request comes from escapes all counting."""
        networks = [ip_network(one.strip(), strict=False) for one in said.split(",") if one.strip()]
        if any(network.num_addresses > PROXIES_AT_MOST for network in networks):
            raise ValueError(
                "front_proxies names the proxies one by one, not a network in which residents may be"
            )
        return ",".join(str(network) for network in networks)

    @property
    def keys(self) -> Path:
        """Where the key ring lies: outside the database, and in live mode outside `home` too."""
        return self.keys_file or self.home / "keys.json"


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
