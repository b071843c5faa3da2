"""Which Debian package brings which program, and the one clear line when a program is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "java": "openjdk-17-jre-headless",
    "mvn": "maven",
    "initdb": "postgresql",
    "pg_ctl": "postgresql",
    "bearerbox": "kannel",
    "smsbox": "kannel",
    "chromium": "chromium",
}
CHINESE_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
PLACES = ("/usr/sbin", "/usr/local/bin", "/usr/bin")
POSTGRESQL = Path("/usr/lib/postgresql")


class MissingProgram(RuntimeError):
    """A program the house needs is not on this machine; the text names the package that brings it."""

    def __init__(self, name: str) -> None:
        package = PACKAGES[name]
        super().__init__(f"缺少程序 {name}：请安装 Debian 软件包 {package}（apt-get install {package}）")


def find(name: str) -> str | None:
    """Path of a program, also where Debian keeps it out of PATH."""
    versions = sorted(POSTGRESQL.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    path = os.pathsep.join([*map(str, versions), os.environ.get("PATH", ""), *PLACES])
    return shutil.which(name, path=path)


def require(name: str) -> str:
    """Path of a program, or `MissingProgram`."""
    found = find(name)
    if found is None:
        raise MissingProgram(name)
    return found


def missing() -> list[str]:
    """The Debian packages that the tests and the distributed house need and this machine lacks."""
    lacking = {package for name, package in PACKAGES.items() if find(name) is None}
    if not CHINESE_FONT.exists():
        lacking.add("fonts-noto-cjk")
    return sorted(lacking)


def install(packages: list[str]) -> None:
    """Install packages when this is root on Debian; otherwise stop and say what to install."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(f"缺少 Debian 软件包，请先安装：sudo apt-get install -y {' '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=quiet)
    subprocess.run(
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], check=True, env=quiet
    )


def main() -> None:
    """Install what is missing."""
    lacking = missing()
    if lacking:
        print("正在安装：" + " ".join(lacking))
        install(lacking)


if __name__ == "__main__":
    main()
