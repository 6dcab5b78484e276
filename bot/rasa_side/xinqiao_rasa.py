"""Starts Rasa as its own command does, without three costs that it pays again and again and that change nothing.

    python -m xinqiao_rasa run --model …

- Before it checks what an action answered, it checks its own constant schema against the schema of schemas, each time:
  six tenths of a turn's computing. Here the schema is checked once; every answer is checked as before.
- It turns the weights of its classifier over (a copy of all of them) for each message. Here once, when they are loaded.
- For each event that it reads back from its memory it walks through all classes of events. Here once for each name.

Figures and what else was tried: docs/decisions/0022. Runs in Rasa's environment (Python 3.10), imports nothing of ours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator, ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.core.events import Event


@lru_cache(maxsize=1)
def validator() -> Draft202012Validator:
    """What an action's answer must look like, by Rasa's own schema; raises `SchemaError` where that is none."""
    schema = RemoteAction.action_response_format_spec()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def is_an_answer(_: RemoteAction, result: Any) -> bool:
    """In the place of `RemoteAction._validate_action_result`: the same answers pass, others raise `ValidationError`."""
    for error in validator().iter_errors(result):
        raise ValidationError(f"an action answered what Rasa cannot use: {error.validator}")
    return True


def settle() -> None:
    """Put all three in their places. Raises `AttributeError` where this Rasa is built otherwise: better no start."""
    assert callable(RemoteAction._validate_action_result)
    RemoteAction._validate_action_result = is_an_answer  # type: ignore[method-assign]
    Event.resolve_by_type = staticmethod(lru_cache(maxsize=256)(Event.resolve_by_type))  # type: ignore[method-assign]
    load = LogisticRegressionClassifier.load.__func__  # type: ignore[attr-defined]

    def loaded(kind: type[LogisticRegressionClassifier], *given: Any, **named: Any) -> Any:
        classifier = load(kind, *given, **named)
        classifier.clf.coef_ = np.asfortranarray(classifier.clf.coef_)
        return classifier

    LogisticRegressionClassifier.load = classmethod(loaded)  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    from rasa.__main__ import main

    settle()
    main()
