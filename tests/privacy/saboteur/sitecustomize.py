"""Lets collaborators of a running application fail with what they were given in the message.

Python imports this by itself in every process that has this folder in its PYTHONPATH. As soon as the application is
wired, whatever holds the word of `SABOTAGE` makes the collaborator that meets it raise an exception with it.
"""

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import threading
import warnings

SABOTAGE = "砸锅"


def _fails_on_the_word(act):
    @functools.wraps(act)
    def guarded(*args, **more):
        for value in (*args, *more.values()):
            if isinstance(value, str) and SABOTAGE in value:
                warnings.warn(value, stacklevel=1)
                threading.Thread(target=_raise, args=(value,)).start()
                _raise(value)
        return act(*args, **more)

    return guarded


def _raise(value):
    try:
        raise KeyError(value)
    except KeyError as error:
        raise RuntimeError(f"it broke on {value}") from error


def _sabotage(services):
    conversation, console = services.conversation, services.console
    casework = console.casework
    conversation._decide = _fails_on_the_word(conversation._decide)
    conversation._keep_contact = _fails_on_the_word(conversation._keep_contact)
    conversation.place_of = _fails_on_the_word(conversation.place_of)
    casework._write = _fails_on_the_word(casework._write)
    casework.open_identity = _fails_on_the_word(casework.open_identity)
    console.say_in_chat = _fails_on_the_word(console.say_in_chat)
    services.limits.allow = _fails_on_the_word(services.limits.allow)
    services.progress.look = _fails_on_the_word(services.progress.look)
    services.progress.wish = _fails_on_the_word(services.progress.wish)
    services.teamwork.trips._write = _fails_on_the_word(services.teamwork.trips._write)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "server.wiring":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            wire = module.wire

            def sabotaged(*args, **more):
                services = wire(*args, **more)
                _sabotage(services)
                return services

            module.wire = sabotaged

        spec.loader.exec_module = exec_module
        return spec


if "serve" in getattr(sys, "orig_argv", []):  # the application alone; its jobs read on what it could not
    sys.meta_path.insert(0, _Finder())
