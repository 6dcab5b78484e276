"""`xinqiao kiosk`: the machines in halls, their keys and PINs, and which of them is silent."""

import getpass
from datetime import timedelta
from typing import Annotated

import typer

from escalation.errors import KioskError
from escalation.kiosks import Kiosks
from residents.place_codes import make
from server.command_line import AtWork, at_work, stop
from server.routes.kiosk import words
from storage.errors import StorageError

CODE_LASTS = timedelta(days=3 * 365)


def kiosk(
    place: Annotated[str, typer.Argument(help="地点的代码，例如 puyan-hall；不写就列出全部")] = "",
    retire: Annotated[bool, typer.Option("--retire", help="停用这个地点的终端机")] = False,
    by: Annotated[str, typer.Option("--by", help="谁做的，写进记录；缺省为登录名")] = "",
) -> None:
    """登记一台终端机：得到启动地址和工作人员口令（都只显示这一次）。已经登记过的，换成新的，旧的马上作废。"""
    who = by or getpass.getuser()
    try:
        with at_work() as work:
            kiosks = Kiosks(work.database, work.clock, work.telling)
            if not place:
                said = listed(kiosks, work)
            elif retire:
                kiosks.retire(place, who)
                said = [f"✓ {place} 的终端机停用了，它的钥匙作废。"]
            else:
                said = made(kiosks, work, place, who)
    except (KioskError, StorageError) as error:
        raise stop(str(error)) from None
    typer.echo("\n".join(said))


def made(kiosks: Kiosks, work: AtWork, place: str, by: str) -> list[str]:
    """A machine is set up: its address with the place's signed code and the key, and the PIN."""
    keys = kiosks.set_up(place, by)
    until = (work.clock() + CODE_LASTS).date()
    signed = make(work.database.vault.sign, keys.place.code, until, site=work.telling.district.code)
    return [
        f"✓ {keys.place.name}的终端机{'换了钥匙，旧的作废' if keys.replaced else '登记好了'}。下面两样只显示这一次：",
        f"启动地址：{work.telling.link}/kiosk/{signed}#{keys.key}",
        f"工作人员口令：{keys.pin}（在首页长按左上角的标志 3 秒，再输入）",
        "把启动地址存进终端机上的一个文件，只让启动它的账号能读，再运行 kiosk/start.sh <文件>。",
        f"地点码 {until} 到期，到期前再运行一次本命令。",
    ]


def listed(kiosks: Kiosks, work: AtWork) -> list[str]:
    """Every machine in a line."""
    now = work.clock()
    lines = []
    for one in kiosks.all():
        minutes = int((now - (one.device.seen_at or now)).total_seconds() // 60)
        version = f"　页面 {one.device.version}" if one.device.version else ""
        lines.append(f"{one.place.code}　{words(one, minutes)}{version}")
    return lines or ["还没有登记过终端机。登记：xinqiao kiosk <地点代码>"]
