"""What can go wrong when somebody asks for a message."""

from shared.errors import Invalid


class TemplateReserved(Invalid):
    """Exempt classes answer what a customer did; the house plans them itself, nobody asks for them."""

    code = "template-reserved"
    title = "该模板不能手工发送"
    detail = "通知、确认和回执类短信由系统按事件自动发送，不能手工发送。"


class GatewayNotSetUp(Invalid):
    """A route names a gateway that the settings do not know: what is planned for it would wait for ever."""

    code = "gateway-not-set-up"
    title = "网关未配置"
    detail = "网关 {gateways} 没有在 HALL_MESSAGING_GATEWAYS 中配置，请先配置再改路由。"
