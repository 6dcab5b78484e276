"""A model in a folder of this machine, run here by `transformers`. Nothing is fetched, nothing leaves the process.

A folder that is not whole is refused: weights that are cut short, a part that is missing, a tokenizer that is not
there, code of its own. `torch`, `transformers` and the weights are loaded in the background from the first question
on, so that programs which never ask one never pay for it; until they are there the model is away.
"""

import asyncio
import json
import logging
import struct
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from models.counsellor.errors import ModelAway, SlotRefused
from models.counsellor.voice import Messages, Where

log = logging.getLogger("xinqiao")

MOST_TOKENS = 160
MOST_PROMPT = 3000
TEMPERATURE = 0.6
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
HandOver = Callable[[str | ModelAway | None], None]
ROLES = {"system": "系统", "user": "居民", "assistant": "程序"}


_LOADING = threading.Lock()
"""`from_pretrained` changes the library while it works: one at a time."""


class LocalVoice:
    """A causal language model of a local folder. It answers one at a time.

    `SlotRefused` at once for a folder that is plainly not whole; what can only be seen when it is loaded
    (tensors that the model needs and the weights do not have) is logged, and then the model is never asked.
    """

    def __init__(self, folder: Path) -> None:
        check_folder(folder)
        self._folder = folder
        self._begun = False
        self._speaking = asyncio.Semaphore(1)
        self._busy = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._refused = False

    @property
    def where(self) -> Where:
        """Nowhere: the words stay in this process."""
        return "here"

    def load(self) -> None:
        """Load the model, once; `SlotRefused` when it is not whole. Takes as long as it takes."""
        with _LOADING:
            if self._refused:
                raise SlotRefused("the model's folder is not whole")
            if self._loaded is None:
                try:
                    self._loaded = _loaded(self._folder)
                except Exception as error:
                    self._refused = True
                    log.error("counsellor: the model cannot be loaded (%s)", type(error).__name__)
                    raise SlotRefused("the model's folder is not whole") from None

    def _load_quietly(self) -> None:
        with suppress(SlotRefused):
            self.load()

    async def say(self, messages: Messages) -> AsyncGenerator[str, None]:
        """The pieces of one answer; `ModelAway` when the model cannot give one, or is not loaded yet."""
        if self._refused:
            raise ModelAway("not_whole")
        if self._loaded is None:
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._load_quietly, name="counsellor-load", daemon=True).start()
            raise ModelAway("loading")
        loop = asyncio.get_running_loop()
        async with self._speaking:
            pieces: asyncio.Queue[str | ModelAway | None] = asyncio.Queue()
            stop = threading.Event()

            def hand_over(piece: str | ModelAway | None) -> None:
                with suppress(RuntimeError):  # who asked may be gone, and the loop with them
                    loop.call_soon_threadsafe(pieces.put_nowait, piece)

            speaking = threading.Thread(
                target=self._speak, args=(list(messages), hand_over, stop), name="counsellor", daemon=True
            )
            speaking.start()
            try:
                while (piece := await pieces.get()) is not None:
                    if isinstance(piece, ModelAway):
                        raise piece
                    yield piece
            finally:
                stop.set()

    def _speak(self, messages: list[dict[str, str]], hand_over: HandOver, stop: threading.Event) -> None:
        with self._busy:  # an answer that nobody waits for any more may still be at its last token
            if stop.is_set():
                return
            try:
                assert self._loaded is not None
                ended = _generate(*self._loaded, messages, hand_over, stop)
                hand_over(None if ended else ModelAway("cut_off"))
            except Exception as error:
                log.error("counsellor: the model broke (%s)", type(error).__name__)
                hand_over(ModelAway("broken"))


def check_folder(folder: Path) -> None:
    """`SlotRefused` for a folder in which something of a model is missing or cut short; nothing is loaded."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        if not isinstance(config, dict) or not config.get("model_type"):
            raise SlotRefused("the model's folder has no usable config.json")
        if "auto_map" in config:
            raise SlotRefused("the model wants to run code of its own")
        if not any((folder / name).is_file() for name in TOKENIZERS):
            raise SlotRefused("the model's folder has no tokenizer")
        index = folder / "model.safetensors.index.json"
        if index.is_file():
            parts = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
        else:
            parts = {"model.safetensors"}
        for part in parts:
            if Path(part).name != part:
                raise SlotRefused("the model's weights lead out of its folder")
            _check_weights(folder / part)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        raise SlotRefused("the model's folder is not whole") from None


def _check_weights(path: Path) -> None:
    """A safetensors file says how long it must be; one that was half copied is shorter."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if not 2 <= length <= path.stat().st_size - 8:
            raise ValueError("cut short")
        header = json.loads(file.read(length))
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    if not ends or 8 + length + max(ends) != path.stat().st_size:
        raise ValueError("cut short")


def _loaded(folder: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        dtype="auto" if torch.cuda.is_available() else torch.float32,
        output_loading_info=True,
    )
    model, found = loaded
    if found["missing_keys"] or found["mismatched_keys"] or found.get("error_msgs"):
        raise SlotRefused("the model's weights are not all there")
    if tokenizer.eos_token_id is None:
        raise SlotRefused("the model's tokenizer has no end of an answer")
    if torch.cuda.is_available():
        model = model.to("cuda")
    return model.eval(), tokenizer


def _generate(
    model: Any, tokenizer: Any, messages: list[dict[str, str]], hand_over: HandOver, stop: threading.Event
) -> bool:
    """Generate one answer piece by piece. False when it was stopped or grew too long before it came to its end."""
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList
    from transformers.generation.streamers import BaseStreamer

    class Stopped(StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **more: Any) -> Any:
            return torch.full((input_ids.shape[0],), stop.is_set(), device=input_ids.device)

    class Pieces(BaseStreamer):
        """Hands over what is new in the text, and nothing of a sign that is not whole yet."""

        def __init__(self) -> None:
            self.tokens: list[int] = []
            self.given = 0
            self.prompt = True

        def put(self, value: Any) -> None:
            if self.prompt:
                self.prompt = False
                return
            self.tokens += value.reshape(-1).tolist()
            text = tokenizer.decode(self.tokens, skip_special_tokens=True)
            if not text.endswith("\ufffd") and len(text) > self.given:
                hand_over(text[self.given :])
                self.given = len(text)

        def end(self) -> None:
            text = tokenizer.decode(self.tokens, skip_special_tokens=True)
            if len(text) > self.given:
                hand_over(text[self.given :])

    window = getattr(model.config, "max_position_embeddings", None) or MOST_PROMPT + MOST_TOKENS
    room = min(MOST_PROMPT, window - MOST_TOKENS)
    prompt = _prompt(tokenizer, messages)
    while len(prompt) > room and len(messages) > 2:  # the frame and what was said now always stay
        messages = [messages[0], *messages[3:]] if len(messages) > 3 else [messages[0], messages[-1]]
        prompt = _prompt(tokenizer, messages)
    if len(prompt) > room:
        return False
    given = torch.tensor([prompt], device=model.device)
    with torch.inference_mode():
        made = model.generate(
            given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=MOST_TOKENS,
            do_sample=True,
            temperature=TEMPERATURE,
            pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
            streamer=Pieces(),
            stopping_criteria=StoppingCriteriaList([Stopped()]),
        )
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return int(made[0, -1]) in {*ends, tokenizer.eos_token_id}


def _prompt(tokenizer: Any, messages: list[dict[str, str]]) -> list[int]:
    if tokenizer.chat_template:
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True)
        return list(prompt["input_ids"] if hasattr(prompt, "keys") else prompt)
    told = "\n".join(f"{ROLES[one['role']]}：{one['content']}" for one in messages)
    return list(tokenizer(f"{told}\n程序：", add_special_tokens=False)["input_ids"])
