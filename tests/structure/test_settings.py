"""Each setting is documented, and nothing documents what is not a setting."""

import re

from server.settings import ROOT, Settings


def test_each_setting_is_in_the_example() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
    known = {
        str(field.validation_alias or f"XINQIAO_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    assert shown == known
