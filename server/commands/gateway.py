"""`xinqiao gateway`: the demo's stand-in for a provider of text messages."""

import typer

from server.demo_gateway import DemoGateway
from server.settings import settings
from server.stopping import StopSignal


def gateway() -> None:
    """演示网关：收下通知，在网页上给人看(只在演示模式、只在本机)。"""
    here = settings()
    if here.mode != "demo":
        typer.echo("演示网关只在演示模式里用;正式模式请配置真正的通知网关。", err=True)
        raise typer.Exit(2)
    try:
        running = DemoGateway(here.gateway_port, here.home / "gateway")
    except OSError:
        typer.echo(f"端口 {here.gateway_port} 被占用，演示网关没有启动。", err=True)
        raise typer.Exit(1) from None
    stop = StopSignal.installed()
    with running:
        typer.echo(f"演示网关 {running.base_url}/")
        stop.wait()
