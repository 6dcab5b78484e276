"""What can be wrong with a corpus or a model. Reading a message never raises either of them."""


class CorpusError(Exception):
    """A corpus cannot be used; the message names the file and the line."""


class ModelUnusable(Exception):
    """A model folder is missing, half-written, changed, or not what it is said to be. It is not loaded in part."""
