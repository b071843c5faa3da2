"""`hall keys`: the key file that seals phones and signs tokens. It is never printed."""

import typer

from deploy.commands.console import AsJson, answer, settings
from shared.keyring import KeyRing

app = typer.Typer(no_args_is_help=True, help="密钥文件")


@app.command()
def create(as_json: AsJson = False) -> None:
    """生成密钥文件（分布式运行前先做一次，再复制到每台机器）；不会覆盖已有文件。"""
    path = settings().keyring_path
    KeyRing.create(path)
    answer({"path": path}, f"已生成 {path}，只有本用户可读，请备份。", as_json=as_json)


@app.command("rotate-token-key")
def rotate_token_key(as_json: AsJson = False) -> None:
    """换一把签发令牌的密钥；旧的继续公布，已签发的令牌不受影响。重启各进程后生效。"""
    path = settings().keyring_path
    ring = KeyRing.load(path).with_new_token_key()
    ring.save(path)
    answer(
        {"path": path, "kid": ring.signing_key["kid"]},
        "已更换令牌签名密钥，重启各进程后生效。",
        as_json=as_json,
    )
