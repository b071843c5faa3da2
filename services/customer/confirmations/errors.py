"""What can go wrong with a code. None of it writes a consent."""

from shared.errors import Conflict, Forbidden, NotFound, TooManyRequests


class ConsentCodeNotFound(NotFound):
    """No such code for this customer, or the customer is another hall's: the answer is the same."""

    code = "consent-code-not-found"
    title = "未找到验证码"
    detail = "没有找到这次发送的验证码，请核对后再试；也可能不在您的管辖范围内。"


class ConsentCodeWrong(Forbidden):
    """Not the code that was sent for this customer, these purposes and this wording."""

    code = "consent-code-wrong"
    title = "验证码不正确"
    detail = "验证码不正确，还可以再试 {attempts_left} 次。没有登记任何同意。"


class ConsentCodeLocked(Forbidden):
    """Too many wrong tries; even the right code does not help any more."""

    code = "consent-code-locked"
    title = "验证码已锁定"
    detail = "输错次数过多，这个验证码已作废。请重新发送，或请客户签字。"


class ConsentCodeUsed(Conflict):
    """A code works once."""

    code = "consent-code-used"
    title = "验证码已使用"
    detail = "这个验证码已经使用过，不能再次使用。"


class ConsentCodeExpired(Conflict):
    """Ten minutes are over, or a newer code took its place."""

    code = "consent-code-expired"
    title = "验证码已失效"
    detail = "这个验证码已经失效，请重新发送，并使用最新的一条短信。"


class TooManyConsentCodes(TooManyRequests):
    """A customer is sent a few codes a day and no more, whoever asks."""

    code = "too-many-consent-codes"
    title = "验证码发送过多"
    detail = "今天已经给这位客户发送了 {most} 次验证码，请改用签字，或明天再试。"
