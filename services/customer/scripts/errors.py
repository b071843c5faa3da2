"""What can go wrong with scripts."""

from shared.errors import Conflict, Invalid, NotFound


class ScriptNotFound(NotFound):
    """No such script, or no such version of it."""

    code = "script-not-found"
    title = "未找到话术"
    detail = "没有找到这条话术，请核对编号和版本。"


class ScriptInvalid(Invalid):
    """The words of a script break a rule."""

    code = "script-invalid"
    title = "话术有误"
    detail = "话术内容有误，请按提示修改。"


class ApproverIsAuthor(Conflict):
    """A script is approved by somebody other than its author."""

    code = "approver-is-author"
    title = "不能审批自己写的话术"
    detail = "话术要由作者以外的人审批。"


class NotADraft(Conflict):
    """The version is no draft: it is in use already, or was retired."""

    code = "script-not-a-draft"
    title = "不是待审批的版本"
    detail = "第 {script_version} 版不是待审批的草稿，请刷新后再看。"


class NeverApproved(Conflict):
    """Words that nobody approved cannot have been used."""

    code = "script-never-approved"
    title = "话术还没有审批"
    detail = "第 {script_version} 版还没有审批，不能登记使用。"


class AlreadyRetired(Conflict):
    """Nothing of the script is left to retire."""

    code = "script-already-retired"
    title = "话术已停用"
    detail = "这条话术已经停用。"


class ClerkRequired(Invalid):
    """A machine has to say which clerk used the script."""

    code = "clerk-required"
    title = "缺少工号"
    detail = "请写明是哪位营业员使用的话术（clerk）。"
