"""What can go wrong with a consent."""

from shared.errors import Invalid


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


class ConsentFromTheFuture(Invalid):
    """A decision cannot be later than now."""

    code = "consent-from-the-future"
    title = "同意时间有误"
    detail = "同意或撤回的时间晚于当前时间，请核对。"
