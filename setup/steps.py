"""The steps of set-up: what each reads, what it makes, and how."""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path
from typing import Callable, NamedTuple

from .tools import Tools
from .trouble import Trouble
from .work import Work

CODE = (
    "server:.py",
    "bot:.py",
    "assessments:.py",
    "escalation:.py",
    "residents:.py",
    "models:.py",
    "storage:.py",
)
CONTENT = ("assessments:.yml", "escalation:.yml", "residents:.yml")
LEARNED = (
    *("calibrate", "command_line", "corpus", "features", "folder", "network", "report", "tasks"),
    *("text_model", "training", "view"),
)
QUIET = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONWARNINGS": "ignore"}


class Step(NamedTuple):
    """`inputs` are files and folders (`folder:suffix` for some files); what `needs` names must be there."""

    name: str
    title: str
    do: Callable[[Work, Tools], None]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    place: bool = False  # what it makes holds this folder's own path


def machine() -> str:
    return f"{sys.platform} {platform.machine()}"


def make_environment(work: Work, tools: Tools, folder: str, wanted: str, lock: str) -> None:
    """A virtual environment from a hash-locked list; an unfinished or foreign one is made anew."""
    if "==" not in (work.root / lock).read_text(encoding="utf-8", errors="replace"):
        raise Trouble(f"锁文件 {lock} 是空的或坏了：用 git checkout 恢复它，或用 make locks 重新生成")
    uv = tools.uv()
    python = work.root / folder / "bin" / "python"
    if not tools.is_python(str(python), wanted):
        base = tools.python(wanted, work)
        shutil.rmtree(work.root / folder, ignore_errors=True)
        work.run([uv, "venv", "--no-project", "--python", base, folder], without=("VIRTUAL_ENV",))
    work.run(
        [uv, "pip", "install", "--python", python, "--require-hashes", "-r", lock],
        lock=lock,
        env=tools.index(),
        without=("VIRTUAL_ENV",),
    )


def app(work: Work, tools: Tools) -> None:
    make_environment(work, tools, ".venv", "3.11", "requirements/dev.txt")


def torch(work: Work, tools: Tools) -> None:
    """The engine of the learned models, without hashes: a processor-only build first, from wherever there is one."""
    wanted = (work.root / "requirements/torch.in").read_text(encoding="utf-8").split()[-1]
    pip = [".venv/bin/python", "-m", "pip", "install", "--disable-pip-version-check"]
    tries: list[list[object]] = [[*pip, wanted]]
    if machine() == "linux x86_64":  # the plain build brings 2.5 GB for graphics cards along
        uv = [tools.uv(), "pip", "install", "--python", ".venv/bin/python", "--torch-backend", "cpu", wanted]
        tries = [[*pip, f"{wanted}+cpu"], uv, *tries]
    for number, command in enumerate(tries, 1):
        try:
            return work.run(command, without=("VIRTUAL_ENV",))
        except Trouble:
            if number == len(tries):
                raise
            work.say("换一个来源")


def learned(task: str) -> Callable[[Work, Tools], None]:
    def train(work: Work, tools: Tools) -> None:
        work.run([".venv/bin/python", "-m", "models.learned", "train", task])

    return train


def learned_step(task: str, title: str, corpus: str, *more: str) -> Step:
    """Training reads train and tune, and those of `more`; the lines that are held out neither start it nor enter it."""
    return Step(
        f"learned-{task.replace('_', '-')}",
        f"训练小模型：{title}",
        learned(task),
        (
            *(f"models/learned/{name}.py" for name in LEARNED),
            "models/crisis/normalise.py",
            "requirements/torch.in",
            *(f"{folder}/{split}" for folder in (corpus, *more) for split in ("train", "tune")),
        ),
        (f"models/trained/{task}/config.json", f"models/trained/{task}/model.safetensors"),
        ("torch",),
        needs=(f"{corpus}/train", f"{corpus}/tune"),
    )


def rasa(work: Work, tools: Tools) -> None:
    make_environment(work, tools, ".venv-rasa", "3.10", "requirements/rasa.txt")


def project(work: Work, tools: Tools) -> None:
    work.run(
        [tools.uv(), "pip", "install", "--python", ".venv/bin/python", "--offline", "--no-deps"]
        + ["--no-build-isolation", "--editable", "."],
        lock="pyproject.toml",
        without=("VIRTUAL_ENV",),
    )


def node(work: Work, tools: Tools) -> None:
    _, npm = tools.node()
    work.run([npm, "ci", "--no-fund", "--no-audit"], lock="package-lock.json")


def openapi(work: Work, tools: Tools) -> None:
    work.run([".venv/bin/xinqiao", "openapi"])


def page(folder: str) -> Callable[[Work, Tools], None]:
    def build(work: Work, tools: Tools) -> None:
        _, npm = tools.node()
        work.run([npm, "run", "build", "--workspace", folder])

    return build


def dialogue(work: Work, tools: Tools) -> None:
    work.run(
        [
            ".venv-rasa/bin/rasa",
            "train",
            "--domain",
            "bot/domain",
            "--data",
            "bot/data",
            "--config",
            "config.yml",
        ]
        + ["--out", "models/dialogue", "--fixed-model-name", "dialogue"],
        env=QUIET,
    )


def steps(root: Path) -> tuple[Step, ...]:
    """All steps, in the order of their numbers."""
    context = tuple(f"models/context/corpus/{task}" for task in ("emotion", "topic", "life_event"))
    pages = ("package-lock.json", ".npmrc", "package.json", "openapi.json")
    return (
        Step("uv", "工具 uv", lambda work, tools: tools.fetch_uv(work), ("requirements/uv.txt",)),
        Step(
            "app",
            "应用环境 (Python 3.11)",
            app,
            ("requirements/dev.txt",),
            (".venv/bin/python", ".venv/bin/pytest"),
            ("uv",),
            place=True,
        ),
        Step(
            "rasa",
            "对话环境 (Python 3.10，约 2.7 GB)",
            rasa,
            ("requirements/rasa.txt",),
            (".venv-rasa/bin/python", ".venv-rasa/bin/rasa"),
            ("uv",),
            place=True,
        ),
        Step(
            "node",
            "网页依赖 (npm)",
            node,
            ("package.json", "package-lock.json", ".npmrc", "kiosk/package.json", "console/package.json"),
            ("node_modules/.package-lock.json",),
            needs=("kiosk/package.json", "console/package.json"),
        ),
        Step(
            "project",
            "命令行 xinqiao",
            project,
            ("pyproject.toml", "requirements/app.in", "LICENSE"),
            (".venv/bin/xinqiao",),
            ("app",),
            place=True,
        ),
        Step(
            "openapi",
            "接口说明 openapi.json",
            openapi,
            (*CODE, *CONTENT, "requirements/dev.txt"),
            ("openapi.json",),
            ("project",),
            needs=("server/app.py",),
        ),
        Step(
            "kiosk",
            "居民端网页",
            page("kiosk"),
            (*pages, "kiosk"),
            ("kiosk/dist/index.html",),
            ("node", "openapi"),
            needs=("kiosk/package.json", "openapi.json"),
        ),
        Step(
            "console",
            "工作台网页",
            page("console"),
            (*pages, "console"),
            ("console/dist/index.html",),
            ("node", "openapi"),
            needs=("console/package.json", "openapi.json"),
        ),
        Step(
            "dialogue",
            "训练对话",
            dialogue,
            ("config.yml", "bot/domain", "bot/data", "requirements/rasa.txt"),
            ("models/dialogue/dialogue.tar.gz",),
            ("rasa",),
            needs=("config.yml", "bot/domain", "bot/data"),
        ),
        Step(
            "torch",
            "学习模型的引擎 torch",
            torch,
            ("requirements/torch.in",),
            (".venv/lib/python3.11/site-packages/torch/version.py",),
            ("app",),
            place=True,
        ),
        learned_step("crisis", "危机", "models/crisis/corpus", *context),
        *(
            learned_step(task, title, f"models/context/corpus/{task}")
            for task, title in (("emotion", "情绪"), ("topic", "话题"), ("life_event", "生活事件"))
        ),
    )
