"""What can go wrong when somebody comes in, or is given a way in."""

from typing import Literal

from shared.errors import Conflict, HallError, Invalid, NotFound, TooManyRequests, Unauthenticated

TokenErrorCode = Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]


class TokenRefused(HallError):
    """No token; `error` is the code of RFC 6749 §5.2."""

    code = "token-refused"
    title = "未签发令牌"
    detail = "令牌请求未通过：{error}。"

    def __init__(self, error: TokenErrorCode, description: str) -> None:
        self.error, self.description = error, description
        super().__init__(error=error)


class SignInRefused(Unauthenticated):
    """Unknown name, wrong password and disabled account all answer this."""

    code = "sign-in-refused"
    title = "登录失败"
    detail = "用户名或密码不正确。"


class LockedOut(TooManyRequests):
    """Too many failures, or too many attempts at once, for this name or from this address."""

    code = "locked-out"
    title = "尝试次数过多"
    detail = "尝试次数过多，请在 {retry_after} 秒后再试。"


class UserNotFound(NotFound):
    """No such user."""

    code = "user-not-found"
    title = "未找到用户"
    detail = "没有这个用户，请核对用户名。"


class UserExists(Conflict):
    """The user name is taken."""

    code = "user-exists"
    title = "用户已存在"
    detail = "用户名 {existing_username} 已经存在。"


class ClientExists(Conflict):
    """The client's id is taken."""

    code = "client-exists"
    title = "客户端已存在"
    detail = "client_id {existing_client} 已经存在。"


class ClientNotFound(NotFound):
    """No such machine client."""

    code = "client-not-found"
    title = "未找到客户端"
    detail = "没有这个客户端，请核对 client_id。"


class RoleUnknown(Invalid):
    """Not one of the house's roles."""

    code = "role-unknown"
    title = "角色不存在"
    detail = "没有 {role} 这个角色，可用的角色：{roles}。"


class PasswordTooWeak(Invalid):
    """A password that would be guessed."""

    code = "password-too-weak"
    title = "密码过于简单"
    detail = "密码应为 8 至 128 个字符，不能与用户名相同，也不能只重复一个字符。"


class PasswordsDiffer(Invalid):
    """The new password was not typed twice the same."""

    code = "passwords-differ"
    title = "两次输入不一致"
    detail = "两次输入的新密码不一致。"
