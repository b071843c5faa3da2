"""The kernel's errors: what went wrong, under a stable English code and with a Chinese sentence that says what to do.

Pure: which HTTP status an error becomes is decided in `shared.web.problems`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong member of a request; `pointer` is a JSON pointer into the body (`/consents/archive`)."""

    pointer: str
    code: str
    detail: str


class HallError(Exception):
    """Base of every expected error. Keyword arguments fill `detail` and become members of the problem document."""

    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "系统错误"
    detail: ClassVar[str] = "系统暂时出现问题，请稍后再试；若仍不行，请把请求编号告诉管理员。"

    def __init__(self, **extras: Any) -> None:
        self.extras = extras
        self.message = type(self).detail.format(**extras)
        super().__init__(self.code)


class MalformedRequest(HallError):
    """The request cannot be read at all."""

    code = "malformed-request"
    title = "请求格式错误"
    detail = "请求无法读取，请检查格式后重新提交。"


class Unauthenticated(HallError):
    """Nobody, or nobody we can verify, is asking."""

    code = "unauthenticated"
    title = "未登录"
    detail = "请先登录，或携带有效的访问令牌。"


class Forbidden(HallError):
    """The caller is known but lacks the scope."""

    code = "forbidden"
    title = "没有权限"
    detail = "当前账号没有此项操作的权限，如需使用请联系管理员。"


class NotFound(HallError):
    """It does not exist, or it lies outside the caller's area: the answer is the same."""

    code = "not-found"
    title = "未找到"
    detail = "没有找到您要的内容，请核对编号；也可能不在您的管辖范围内。"


class Conflict(HallError):
    """The request is sound, the present state does not allow it."""

    code = "conflict"
    title = "状态冲突"
    detail = "当前状态不允许此项操作，请刷新后再试。"


class PreconditionFailed(HallError):
    """Somebody changed the resource since the caller read it."""

    code = "version-stale"
    title = "内容已被他人修改"
    detail = "内容在您读取之后已有变化，请重新读取后再修改。"


class PreconditionRequired(HallError):
    """A change needs `If-Match`."""

    code = "precondition-required"
    title = "缺少版本号"
    detail = "修改前请先读取，并在 If-Match 请求头中带上读到的 ETag。"


VersionCheck = Callable[[int | str], None]
"""What a use case asks before it changes something: raises PreconditionFailed unless the caller read this version."""


class Invalid(HallError):
    """The request can be read but its content is wrong; `errors` say where."""

    code = "validation-failed"
    title = "内容有误"
    detail = "提交的内容有误，请按提示修改后重新提交。"

    def __init__(self, *, errors: Sequence[FieldError] = (), **extras: Any) -> None:
        self.errors = tuple(errors)
        super().__init__(**extras)


class TooManyRequests(HallError):
    """The caller is faster than allowed; `retry_after` is in seconds."""

    code = "too-many-requests"
    title = "请求过于频繁"
    detail = "请求过于频繁，请在 {retry_after} 秒后再试。"

    def __init__(self, *, retry_after: int = 1, **extras: Any) -> None:
        super().__init__(retry_after=retry_after, **extras)


class Unavailable(HallError):
    """Something we depend on does not answer; `retry_after` is in seconds."""

    code = "service-unavailable"
    title = "服务暂不可用"
    detail = "服务暂时不可用，请在 {retry_after} 秒后再试。"

    def __init__(self, *, retry_after: int = 5, **extras: Any) -> None:
        super().__init__(retry_after=retry_after, **extras)
