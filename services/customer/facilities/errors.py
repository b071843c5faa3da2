"""What can go wrong with a hall's facilities and promotions."""

from shared.errors import Invalid, NotFound


class FacilityNotFound(NotFound):
    """No such entry, or one of another hall."""

    code = "facility-not-found"
    title = "未找到"
    detail = "没有找到这项设施或活动，请核对编号；也可能不在您的管辖范围内。"


class FacilityInvalid(Invalid):
    """Its members do not fit together; `errors` say how."""

    code = "facility-invalid"
    title = "内容有误"
    detail = "设施或活动的内容有误，请按提示更正。"
