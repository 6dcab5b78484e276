"""A model in a folder: small ones that the test makes itself. They stream, are screened, and are whole or refused."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from models.counsellor.errors import ModelAway, SlotRefused
from models.counsellor.frame import Frame, Said
from models.counsellor.local import LocalVoice, _prompt, check_folder
from models.counsellor.screen import Screen
from models.counsellor.slot import Counsellor, Reply
from tests.support.town import the_recogniser

FRAME = Frame.from_file()
HISTORY = [Said("resident", "这几天夜里老醒"), Said("program", "您在想什么？", by_model=True)]
GOOD = "听起来您很累。哪一会儿最难熬？"
BAD = "嗯，我是医生。"


def reads(text: str) -> str:
    return the_recogniser().read(text).level


def tokenizer() -> Any:
    """One token for each sign."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    signs = sorted(set(FRAME.system + GOOD + BAD + "".join(s.text for s in HISTORY) + "系统居民程序：想事\n"))
    vocabulary = {sign: at for at, sign in enumerate(["<pad>", "<end>", "<unk>", *signs])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    made.decoder = decoders.Fuse()
    found = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<end>", unk_token="<unk>"
    )
    found.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}程序："
    return found


def make(folder: Path, says: str | None, *, window: int = 1024) -> Path:
    """A GPT-2 of two layers in this folder: random, or one that says one thing whatever it is asked.

    The second kind looks at nothing but the place in the line: after a question as long as the test's it says its
    first sign, then its second, and so on to the end.
    """
    torch.manual_seed(7)
    signs = tokenizer()
    config = transformers.GPT2Config(
        vocab_size=len(signs), n_positions=window, n_embd=32, n_layer=2, n_head=2, eos_token_id=1, bos_token_id=1,
        pad_token_id=0, tie_word_embeddings=says is None,
    )  # fmt: skip
    model = transformers.GPT2LMHeadModel(config)
    if says is not None:
        asked = FRAME.asked(HISTORY, "想事")
        prompt = signs.apply_chat_template(asked, add_generation_prompt=True, tokenize=True)["input_ids"]
        answer = [*signs(says, add_special_tokens=False)["input_ids"], 1]
        with torch.no_grad():
            for layer in model.transformer.h:
                for part in (layer.attn.c_proj, layer.mlp.c_proj):
                    part.weight.zero_()
                    part.bias.zero_()
            for weights in (model.transformer.wte, model.transformer.wpe, model.lm_head):
                weights.weight.zero_()
            for at, sign in enumerate(answer):
                model.transformer.wpe.weight[len(prompt) - 1 + at, at] = 10.0
                model.lm_head.weight[sign, at] = 10.0
    model.save_pretrained(folder)
    signs.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("models")
    return {
        "good": make(home / "good", GOOD),
        "bad": make(home / "bad", BAD),
        "random": make(home / "random", None),
        "small": make(home / "small", None, window=64),
    }


def counsellor_with(voice: LocalVoice) -> Counsellor:
    screen = Screen.from_file(FRAME, ("12356",), reads)
    return Counsellor(voice, screen, FRAME, reads, first_seconds=60, total_seconds=60)


def ask(folder: Path) -> Reply:
    voice = LocalVoice(folder)
    voice.load()
    return asyncio.run(counsellor_with(voice).reply(HISTORY, "想事"))


def test_a_model_of_this_machine_streams_its_answer(folders: dict[str, Path]) -> None:
    async def pieces() -> list[str]:
        voice = LocalVoice(folders["good"])
        voice.load()
        assert voice.where == "here"
        return [piece async for piece in voice.say(FRAME.asked(HISTORY, "想事"))]

    came = asyncio.run(pieces())
    assert "".join(came) == GOOD
    assert len(came) > 5, "it comes piece by piece"
    reply = ask(folders["good"])
    assert (reply.source, reply.text) == ("model", GOOD)


def test_what_it_says_is_screened(folders: dict[str, Path]) -> None:
    assert ask(folders["bad"]).why == ("persona",)
    noise = ask(folders["random"])
    assert (noise.source, bool(noise.why)) == ("fixed", True)


def test_until_it_is_loaded_it_is_away_and_then_it_is_there(folders: dict[str, Path]) -> None:
    async def talk() -> None:
        voice = LocalVoice(folders["good"])
        counsellor = counsellor_with(voice)
        assert (await counsellor.reply(HISTORY, "想事")).why == ("loading",)
        await asyncio.to_thread(voice.load)
        assert (await counsellor.reply(HISTORY, "想事")).text == GOOD

    asyncio.run(talk())


def test_a_tokenizer_without_a_template_is_asked_in_plain_words(folders: dict[str, Path]) -> None:
    asked = _prompt(tokenizer(), [{"role": "system", "content": "想"}, {"role": "user", "content": "事"}])
    plain = tokenizer()
    plain.chat_template = None
    assert plain.decode(asked) == "想\n事\n程序："
    asked = _prompt(plain, [{"role": "system", "content": "想"}, {"role": "user", "content": "事"}])
    assert plain.decode(asked) == "系统：想\n居民：事\n程序："


def test_a_question_that_is_too_long_for_it_is_not_cut(folders: dict[str, Path]) -> None:
    """The frame always stays whole: a model whose window does not hold it is of no use."""
    assert ask(folders["small"]).why == ("cut_off",)


def test_a_model_nobody_waits_for_stops(folders: dict[str, Path]) -> None:
    async def leave() -> None:
        voice = LocalVoice(folders["random"])
        voice.load()
        speaking = voice.say(FRAME.asked(HISTORY, "想事"))
        await anext(speaking)
        await speaking.aclose()
        with voice._busy:  # free again: its thread has ended
            pass

    asyncio.run(leave())


def spoil(folder: Path, how: str) -> None:
    weights, config = folder / "model.safetensors", folder / "config.json"
    match how:
        case "cut short":
            weights.write_bytes(weights.read_bytes()[:-1000])
        case "an empty file":
            weights.write_bytes(b"")
        case "no weights":
            weights.unlink()
        case "pickled weights":
            weights.rename(folder / "pytorch_model.bin")
        case "no config":
            config.unlink()
        case "half a config":
            config.write_text(config.read_text()[:40])
        case "code of its own":
            config.write_text(
                json.dumps({**json.loads(config.read_text()), "auto_map": {"AutoModel": "x.Y"}})
            )
        case "no tokenizer":
            (folder / "tokenizer.json").unlink()
        case "a part is missing":
            index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
            (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        case "weights elsewhere":
            index = {"weight_map": {"a": "../good/model.safetensors"}}
            (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    "how",
    [
        "cut short", "an empty file", "no weights", "pickled weights", "no config", "half a config", "code of its own",
        "no tokenizer", "a part is missing", "weights elsewhere",
    ],
)  # fmt: skip
def test_a_folder_that_is_not_whole_is_refused(folders: dict[str, Path], tmp_path: Path, how: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(folders["good"], folder)
    check_folder(folder)
    spoil(folder, how)
    with pytest.raises(SlotRefused) as refused:
        LocalVoice(folder)
    assert str(tmp_path) not in str(refused.value)


def test_weights_without_a_tensor_are_not_made_up(folders: dict[str, Path], tmp_path: Path) -> None:
    """What a library would fill with chance is a model that nobody has trained."""
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(folders["good"], folder)
    tensors = load_file(folder / "model.safetensors")
    del tensors[next(name for name in tensors if "h.1.attn.c_attn.weight" in name)]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    voice = LocalVoice(folder)
    with pytest.raises(SlotRefused):
        voice.load()

    async def ask_it() -> None:
        await anext(voice.say([{"role": "user", "content": "您好"}]))

    with pytest.raises(ModelAway, match="not_whole"):
        asyncio.run(ask_it())
