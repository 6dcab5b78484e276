"""Everything that the OpenAPI document describes, tried with right and wrong data as everybody (B01)."""

import uuid
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from server.app import create_app
from tests.access.scene import People, Scene
from tests.support.town import Town

SCHEMA = schemathesis.openapi.from_dict(create_app().openapi())
ENDS_IT = {"/api/session/leave", "/api/session/record", "/api/staff/logout", "/api/staff/login"}
"""Nothing can be tried after these; `tests/access` asks them as everybody."""

OPERATIONS = [
    found.ok()
    for found in SCHEMA.get_all_operations()
    if found.ok().path not in ENDS_IT and not found.ok().path.startswith("/api/rasa")
]
EXAMPLES = 8
NEEDS_A_STORY = (
    *("/transfer", "/hand-over", "/take-over", "/decision", "/sub-tasks", "/trip", "/lowering", "/reopen"),
    *("/duty/", "/people", "/contacts", "/notices/", "/gateway/", "/kiosk/", "/call-list", "/api/board"),
    *("/wechat", "/second-factor", "/rules/proposals", "/poster", "/views/{view}"),
)
"""A ticket in a certain state, a body that names what is there, another role: `tests/access` tries each with that."""

STAFF = ("officer", "supervisor", "auditor", "administrator")


class Stage:
    """A resident and an officer, with the ids that make a request mean something."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.people = People(town)
        self.scene = Scene(town, self.people)
        self.worked: dict[str, set[int]] = {}

    def ask(self, case: Any) -> Any:
        staff = case.operation.path.startswith("/api/staff")
        sent = case.as_transport_kwargs(base_url="http://town.test")
        given = sent.get("headers") or {}
        sent.pop("cookies", None)
        sent["content"] = sent.pop("data", None)
        method, url = sent.pop("method"), sent.pop("url")
        for role in STAFF if staff else ("resident",):
            cookie = self.people[role].cookie if staff else self.scene.resident.cookie
            sent["headers"] = {**given, "Cookie": cookie}
            self.town.services.limits.seen.clear()
            answer = self.town.ask(method, url, **sent)
            if answer.status_code not in (404, 409):
                break  # somebody who may
        self.worked.setdefault(case.operation.label, set()).add(answer.status_code)
        return answer


@pytest.fixture(scope="module")
def stage(district: Town) -> Stage:
    return Stage(district)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_fits_or_does_not_fit_the_description(
    stage: Stage, operation: Any, mode: GenerationMode
) -> None:
    known: dict[str, Any] = {}
    if "{code}" in operation.path:
        staff = operation.path.startswith("/api/staff")
        known["code"] = stage.scene.code if staff else stage.scene.resident_code
    if "{follow_up}" in operation.path:
        known["follow_up"] = stage.scene.follow_up
    if "{administration}" in operation.path:
        known["administration"] = stage.scene.administration
    if "{call}" in operation.path:
        known["call"] = str(uuid.uuid4())
    cases = operation.as_strategy(generation_mode=mode, path_parameters=known or None)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def check(case: Any) -> None:
        answer = stage.ask(case)
        assert answer.status_code < 500 or operation.path == "/readyz", operation.label
        if answer.status_code >= 400 and operation.path != "/readyz":
            assert set(answer.json()) == {"problem", "sentence", "hotlines"}
            assert answer.json()["sentence"].endswith("。")
        elif mode is GenerationMode.POSITIVE and answer.status_code < 300 and answer.content:
            response = schemathesis.Response.from_httpx(answer, verify=False)
            operation.validate_response(response, case=case)

    try:
        check()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "only a request without any part cannot be wrong"


def test_most_of_it_was_really_reached(stage: Stage) -> None:
    reached = {label for label, codes in stage.worked.items() if codes & {200, 201, 204}}
    if len(stage.worked) < len(OPERATIONS):
        pytest.skip("only some of the operations were tried in this run")
    plain = {o.label for o in OPERATIONS if not any(part in o.path for part in NEEDS_A_STORY)}
    assert len(reached & plain) >= 0.7 * len(plain), sorted(plain - reached)
