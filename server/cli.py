"""The command line `xinqiao`: one verb per thing that an operator does.

Each verb is one function of the same name in `server/commands/<verb>.py`. It is imported only when it is
asked for, so that `xinqiao crisis` starts without the application, the database or the web server.
"""

import importlib
import importlib.util
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

VERBS = {
    "up": "启动全部程序，等一条消息走完整条链，然后守着它们；Ctrl-C 按顺序全部停下",
    "seed": "写入演示区：工作人员账号、三个月的往事和今天桌上的事（只写一次）",
    "score": "给量表算分：标准输入每行一个 JSON 对象，每行得一个结果",
    "instruments": "量表：列出来，或检查文件写得对不对（哪个文件、哪一行）",
    "fhir": "FHIR R4B：把量表、作答交给别的系统，或从那里读进来、算分",
    "crisis": "读一句话里有没有危险：标准输入每行一句，每行得一个结果",
    "route": "看一个地址归哪个司法所，为什么",
    "tree": "区划：看、导出、导入街道、社区、网格、道路、办公室和地点",
    "simulate": "演练：一个编造的区，90 天，真的引擎；每一步核对有没有人被漏掉",
    "verify": "核对审计链：完整、断在哪一条、或无法核对",
    "serve": "启动应用（网页和接口）；平时由 up 一起启动",
    "jobs": "启动后台的时钟和发送；平时由 up 一起启动",
    "lookout": "看护：在旁边（最好在另一台机器上）看着后台，出了故障用自己的网关叫人",
    "call-list": "值班电话单：谁在岗、打哪个号码、哪些工单没有结案；通知发不出去时照着打",
    "report": "体检式报告：一个街道、一个月（或任意几天）的数，PDF、网页或表格；没有姓名",
    "gateway": "演示网关：收下通知，在网页上给人看",
    "duty": "值班表：导入、看谁在岗、看哪里没有人",
    "staff": "工作人员：列出、添加、停用、调动、联系方式",
    "kiosk": "终端机：登记一台（得到启动地址和口令）、换一把钥匙、看哪台没有信号、停用",
    "calendar": "工作日历：导入放假和调休安排、看一年的",
    "policy": "政策和分级表：看现行的、保存新的（要先预演）",
    "rehearse": "预演：一份新的政策、分级表或日历，在上个月会是什么样",
    "replay": "复核：按当时的依据和版本，把等级和时限重新算一遍",
    "migrate": "升级（或退回）数据库的表",
    "backup": "备份一次，并马上试着恢复一遍",
    "restore": "把备份放回一个空的数据库，或只试一遍",
    "openapi": "写出接口说明 openapi.json",
}


class Verbs(TyperGroup):
    """A group whose verbs are imported when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [verb for verb in VERBS if importlib.util.find_spec(f"server.commands.{_module(verb)}")]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        verb = getattr(importlib.import_module(f"server.commands.{_module(cmd_name)}"), _module(cmd_name))
        if not isinstance(verb, typer.Typer):  # a function; a verb with verbs of its own is a Typer
            function = verb
            verb = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
            verb.command(name=cmd_name, short_help=VERBS[cmd_name])(function)
        command = get_command(verb)
        command.name, command.short_help = cmd_name, VERBS[cmd_name]
        return command


def _module(verb: str) -> str:
    """The module and the function of a verb: call-list is call_list."""
    return verb.replace("-", "_")


# Exceptions are never printed with the values of variables: they may hold what a resident said.
app = typer.Typer(
    cls=Verbs,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def xinqiao() -> None:
    """心桥：从居民的一句话，到司法所的一次走访。"""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    os.environ.setdefault("PYTHONUTF8", "1")


if __name__ == "__main__":
    app()
