"""What can go wrong with a consent."""

from shared.errors import Conflict, Invalid


class ConsentRequired(Invalid):
    """The customer did not agree to be archived: nothing may be stored (C1)."""

    code = "consent-required"
    title = "未取得入档同意"
    detail = "客户没有同意入档，不得保存任何资料。请先向客户说明用途并征得同意。"


class WordingUnknown(Invalid):
    """A consent refers to words that were never ours."""

    code = "wording-unknown"
    title = "告知文本版本有误"
    detail = "没有这个版本的告知文本，请使用现行版本。"


class WordingExists(Conflict):
    """A version is published once and never changed: consents refer to it."""

    code = "wording-exists"
    title = "告知文本版本已存在"
    detail = "这个版本的告知文本已经发布，不能修改；请用新的版本号发布。"


class WordingFromThePast(Invalid):
    """Nobody was read today what is written tomorrow."""

    code = "wording-from-the-past"
    title = "生效日期有误"
    detail = "告知文本不能从过去的日期起生效，请填今天或以后的日期。"


class ConsentFromTheFuture(Invalid):
    """A decision cannot be later than now."""

    code = "consent-from-the-future"
    title = "同意时间有误"
    detail = "同意或撤回的时间晚于当前时间，请核对。"
