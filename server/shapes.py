"""What the shapes of HTTP are made of: texts that can be kept, names of levels, and bodies that refuse the unknown."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict


def _storable(text: str) -> str:
    """Refuse what PostgreSQL and UTF-8 cannot keep: NUL and lone surrogates."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("文字里有系统存不了的字符，请删掉后再发一次。")
    return text


Text = Annotated[str, AfterValidator(_storable)]
LevelName = Literal["green", "blue", "yellow", "orange", "red"]


class Body(BaseModel):
    """What a client sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")
