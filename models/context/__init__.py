"""What a message is about besides danger: the feeling, the topics, and what has happened to the speaker.

    from models.context import ContextReader
    reader = ContextReader.from_folder(TRAINED)       # models/trained, which set-up fills; raises ModelUnusable
    context = reader.read("老伴走了半年，饭还是盛两碗，盛完就掉眼泪")
    context.emotion                                   # None or Found("sadness", "难过", 0.99, ((16, 20),))
    context.topics, context.life_events               # Found, the most probable first; empty when unsure

It has no say in danger: that is the crisis reader's, which reads every message by itself.
Nothing here imports torch until a model is loaded. `python -m models.context` measures the trained models.
"""

from models.context.labels import About, labels_of
from models.context.reader import Context, ContextReader, Found

__all__ = ["About", "Context", "ContextReader", "Found", "labels_of"]
