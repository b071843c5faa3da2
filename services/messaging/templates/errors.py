"""What can go wrong with templates."""

from shared.errors import Conflict, Invalid, NotFound


class TemplateNotFound(NotFound):
    """No approved template of this code."""

    code = "template-not-found"
    title = "未找到短信模板"
    detail = "没有找到已审批的短信模板，请核对模板编码。"


class TemplateInvalid(Invalid):
    """The words of a template break a rule."""

    code = "template-invalid"
    title = "短信模板有误"
    detail = "短信模板有误，请按提示修改。"


class ParamsInvalid(Invalid):
    """The parameters do not fit the template's variables."""

    code = "params-invalid"
    title = "模板参数有误"
    detail = "参数与模板的变量不一致，请按提示修改。"


class TemplateClassFixed(Conflict):
    """A later version of a template would change its class."""

    code = "template-class-fixed"
    title = "短信类别不能更改"
    detail = "模板 {template} 的类别是 {message_class}，新版本不能更改类别，请另建模板。"


class ApproverIsAuthor(Conflict):
    """A template is approved by somebody other than its author."""

    code = "approver-is-author"
    title = "不能审批自己写的模板"
    detail = "模板要由作者以外的人审批。"
