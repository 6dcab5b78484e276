"""The counsellor: a language model that may speak in ordinary talk, and nowhere else. Off by default.

It has no tools, sees this conversation's masked words alone, and has no vote on risk. `slot.py` is the whole of it.
"""
