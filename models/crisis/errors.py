"""The one family of errors of the crisis reader. Reading never raises; only loading rule files does."""


class CrisisRulesError(Exception):
    """A rule file cannot be used; the message names the file and the entry, never a resident's words."""


class PatternError(CrisisRulesError):
    """A pattern is not written in the small pattern language."""
