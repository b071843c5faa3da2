"""What can go wrong when somebody asks for a message."""

from shared.errors import Invalid


class TemplateReserved(Invalid):
    """Exempt classes answer what a customer did; the house plans them itself, nobody asks for them."""

    code = "template-reserved"
    title = "该模板不能手工发送"
    detail = "通知、确认和回执类短信由系统按事件自动发送，不能手工发送。"
