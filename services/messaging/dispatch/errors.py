"""What can go wrong at the door for gateways."""

from shared.errors import NotFound, Unauthenticated


class GatewayUnknown(NotFound):
    """No gateway of that name is set up."""

    code = "gateway-unknown"
    title = "未配置该短信网关"
    detail = "没有配置这个短信网关，请核对地址。"


class CallbackRefused(Unauthenticated):
    """The callback does not prove that it comes from the gateway."""

    code = "callback-refused"
    title = "回调验证失败"
    detail = "回调的签名、密钥或来源地址不正确。"
