"""`xinqiao lookout`: the watcher outside."""

from typing import Annotated, NoReturn

import typer


def lookout(
    url: Annotated[
        str | None, typer.Option(help="问哪个心桥，如 https://10.0.0.5:8300；不写就是本机")
    ] = None,
    name: Annotated[str | None, typer.Option(help="这个看护的名字，每台机器不同")] = None,
    certificate: Annotated[str | None, typer.Option(help="自签证书的签发证书文件")] = None,
) -> None:
    """看护程序：每 10 秒问一次后台好不好；连续两次不好，就用自己的网关打电话叫人。最好放在另一台机器上。"""
    from escalation.channels.webhook import WebhookChannel
    from server import logs
    from server.lookout import Lookout, readiness_of
    from server.settings import settings
    from server.stopping import StopSignal

    logs.configure()
    here = settings()
    gateways = [given for given in (here.lookout_gateway_url, here.lookout_second_url) if given]
    if not gateways:
        _refuse("看护程序没有自己的网关：请设置 XINQIAO_LOOKOUT_GATEWAY_URL，不要和工单通知用同一个。")
    scheme = "https" if here.tls_certificate else "http"
    asked = url or f"{scheme}://127.0.0.1:{here.port}"
    try:
        ask = readiness_of(asked, name or here.lookout_name, here.lookout_token, certificate=certificate)
        channels = [WebhookChannel(gateway, here.gateway_budget_seconds) for gateway in gateways]
    except ValueError:
        _refuse("地址要写成 http(s)://主机:端口，里面不带用户名和密码。")
    running = Lookout(
        ask,
        channels,
        name=name or here.lookout_name,
        link=f"{here.public_url}/console/",
        demo=here.mode == "demo",
        every=here.lookout_every_seconds,
        again_after=here.lookout_again_seconds,
    )
    stop = StopSignal.installed()
    typer.echo(f"看护 {asked}")
    running.watch(stop)


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
