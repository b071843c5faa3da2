"""Products with their versions, and a first price list to start with."""

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0003"
down_revision = "2026_11_25_0002"
branch_labels = None
depends_on = None

SINCE, WRITTEN_AT = date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)


def on(fact: str, *any_of: int | str, **ends: int) -> dict[str, Any]:
    return {"fact": fact, **({"any_of": list(any_of)} if any_of else {}), **ends}


# code, name, selling points, must, likes, price in fen, charged, quick, priority
PRODUCTS: list[tuple[str, str, list[str], list[Any], list[Any], int, str, bool, int]] = [
    (
        "DATA-10", "畅游流量包 10 元", ["每月多 3 GB，全国可用", "用完不断网，不会多扣钱", "次月可随时退订"],
        [on("habits", 4), on("spend_band", 0, 1, 2)], [on("preferences", 3, 4), on("age_band", 1, 2)],
        1000, "monthly", True, 60,
    ),
    (
        "DATA-30", "畅游流量包 30 元", ["每月多 15 GB，全国可用", "看视频、玩游戏够用", "当月用不完，下月还能用"],
        [on("habits", 4), on("spend_band", 2, 3, 4)], [on("preferences", 3), on("age_band", 2, 3)],
        3000, "monthly", True, 65,
    ),
    (
        "RING-05", "彩铃包月 5 元", ["来电听到您挑的歌", "每月新歌随意换"],
        [on("preferences", 4)], [on("brand", 2), on("age_band", 1, 2)], 500, "monthly", True, 50,
    ),
    (
        "MUSIC-08", "音乐畅听包 8 元", ["听歌不耗流量", "高音质，可下载离线听"],
        [on("preferences", 4), on("habits", 4)], [on("age_band", 2, 3)], 800, "monthly", False, 45,
    ),
    (
        "GAME-15", "游戏专享包 15 元", ["玩游戏不耗套餐流量", "每月送游戏礼包"],
        [on("preferences", 3), on("habits", 4)], [on("brand", 2), on("age_band", 1, 2)],
        1500, "monthly", False, 50,
    ),
    (
        "LIFE-03", "生活资讯包 3 元", ["每天早上一条：天气、路况、菜价", "适合不常上网的客户"],
        [on("preferences", 2)], [on("age_band", 4), on("habits", 3)], 300, "monthly", True, 40,
    ),
    (
        "FAMILY-10", "亲情号码 10 元", ["最多 5 个号码互打免费", "不换号、不换卡"],
        [on("habits", 2)], [on("age_band", 3, 4)], 1000, "monthly", True, 70,
    ),
    (
        "SMS-05", "短信包 5 元", ["每月 100 条短信", "比单条便宜一半"],
        [on("habits", 3)], [on("age_band", 1, 4)], 500, "monthly", True, 35,
    ),
    (
        "CALL-02", "来电提醒 2 元", ["关机时谁打过电话，开机就知道", "不漏接重要电话"],
        [on("habits", 1)], [on("preferences", 1)], 200, "monthly", True, 55,
    ),
    (
        "BIZ-58", "商务通话套餐 58 元", ["全国通话 500 分钟", "专人服务，优先办理"],
        [on("preferences", 1), on("spend_band", 2, 3, 4)], [on("brand", 1), on("tier", "A", "B")],
        5800, "monthly", False, 70,
    ),
    (
        "FIBRE-100", "家庭宽带 100 元", ["500 兆光纤，一家人都够用", "送一台电视盒子", "当天上门安装"],
        [on("age_band", 3, 4), on("spend_band", 3, 4), on("hall", "idle")],
        [on("tier", "A"), on("contact", "settled_well")], 10000, "monthly", False, 80,
    ),
    (
        "POINTS-00", "积分换礼", ["积分马上过期的，今天就能换", "不收任何费用"],
        [on("days_since_contact", at_least=30)], [on("tier", "A", "B"), on("contact", "settled_well")],
        0, "once", False, 20,
    ),
]  # fmt: skip


def upgrade() -> None:
    products = op.create_table(
        "products",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("selling_points", JsonB, nullable=False),
        sa.Column("audience", JsonB, nullable=False),
        sa.Column("price_fen", sa.BigInteger, nullable=False),
        sa.Column("charged", sa.String(10), nullable=False),
        sa.Column("quick", sa.Boolean, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.Column("updated_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_products"),
        sa.CheckConstraint("charged IN ('monthly', 'once')", name=op.f("ck_products_charged")),
        sa.CheckConstraint("price_fen >= 0", name=op.f("ck_products_price")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_products_validity")),
    )
    versions = op.create_table(
        "product_versions",
        sa.Column("product", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", JsonB, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("product", "version", name="pk_product_versions"),
    )
    rows = [_row(*product) for product in PRODUCTS]
    op.bulk_insert(products, rows)
    op.bulk_insert(versions, [_version(row) for row in rows])


def downgrade() -> None:
    op.drop_table("product_versions")
    op.drop_table("products")


def _row(
    code: str, name: str, points: list[str], must: list[Any], likes: list[Any], price_fen: int, charged: str,
    quick: bool, priority: int,
) -> dict[str, Any]:  # fmt: skip
    return {
        "code": code, "version": 1, "name": name, "selling_points": points,
        "audience": {"must": must, "likes": likes}, "price_fen": price_fen, "charged": charged, "quick": quick,
        "priority": priority, "valid_from": SINCE, "valid_to": None, "updated_at": WRITTEN_AT,
        "updated_by": "house",
    }  # fmt: skip


def _version(row: dict[str, Any]) -> dict[str, Any]:
    kept = {
        name: row[name]
        for name in ("name", "selling_points", "audience", "price_fen", "charged", "quick", "priority")
    }
    content = {**kept, "valid_from": SINCE.isoformat(), "valid_to": None}
    return {"product": row["code"], "version": 1, "content": content, "at": WRITTEN_AT, "by": "house"}
