"""What can go wrong with a scheme or a target."""

from shared.errors import Conflict, Invalid, NotFound


class SchemeNotFound(NotFound):
    code = "scheme-not-found"
    title = "未找到考核方案"
    detail = "没有找到这个考核方案，请核对编号。"


class WeightsNotHundred(Invalid):
    code = "weights-not-hundred"
    title = "权重合计不是 100"
    detail = "各指标权重之和应为 100，现为 {total}，请调整。"


class IndicatorUnknown(Invalid):
    code = "indicator-unknown"
    title = "指标不存在"
    detail = "以下指标不存在或重复：{codes}。"


class SchemeAlreadyPublished(Conflict):
    code = "scheme-published"
    title = "方案已发布"
    detail = "已发布的考核方案不能修改，请新建一个版本。"


class SchemeDraftedMeanwhile(Conflict):
    code = "scheme-drafted-meanwhile"
    title = "版本号已被占用"
    detail = "他人刚刚新建了同一层级的方案，请重新提交。"


class SchemeTooLate(Conflict):
    code = "scheme-too-late"
    title = "生效月份太早"
    detail = "{month} 已经关闭或已有更新的方案，请选择更晚的生效月份。"


class TargetNotFound(NotFound):
    code = "target-not-found"
    title = "未找到目标"
    detail = "没有找到这个目标，请核对编号；也可能不在您的管辖范围内。"


class TargetSubjectUnknown(Invalid):
    code = "subject-unknown"
    title = "考核对象不存在"
    detail = "没有这个考核对象，或不在您的管辖范围内。"
