"""Codes that are in no table."""

from shared.errors import Invalid


class CategoryUnknown(Invalid):
    code = "category-unknown"
    title = "没有这个分类"
    detail = "没有这个分类，可用的分类：{known}。"


class CauseUnknown(Invalid):
    code = "cause-unknown"
    title = "没有这个原因"
    detail = "没有这个原因，可用的原因：{known}。"


class RemedyUnknown(Invalid):
    code = "remedy-unknown"
    title = "没有这个处理方式"
    detail = "没有这个处理方式，可用的处理方式：{known}。"
