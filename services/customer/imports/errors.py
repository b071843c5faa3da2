"""What can go wrong with a whole sheet; what is wrong with one row is told in the row's report."""

from shared.errors import Invalid, NotFound


class ImportNotFound(NotFound):
    """No such import, or one of another hall."""

    code = "import-not-found"
    title = "未找到导入任务"
    detail = "没有找到这个导入任务，请核对编号；也可能不在您的管辖范围内。"


class SheetUnrecognised(Invalid):
    """There is no row of headings that we know."""

    code = "sheet-unrecognised"
    title = "表格格式不符"
    detail = "没有找到档案表的表头，应有“手机号码”“客户姓名”等栏目；请使用档案表的标准格式。"


class ConsentColumnMissing(Invalid):
    """The sheet does not say who agreed to be archived, so nobody can be."""

    code = "consent-column-missing"
    title = "缺少同意栏"
    detail = "表格缺少“同意入档”一栏，无法确认客户是否同意，不能导入。请在表格右侧补上同意栏后重新提交。"


class SheetOfUnknownHall(Invalid):
    """The header names no hall of the caller's area, and the form names none either."""

    code = "hall-unrecognised"
    title = "无法确定营业厅"
    detail = "表头的区县和营业厅名称对不上您管辖的营业厅，请核对表头，或在提交时指明营业厅编码。"


class HallRequired(Invalid):
    """A sheet is one hall's, and the caller sees several."""

    code = "hall-required"
    title = "请指明营业厅"
    detail = "档案表按营业厅导出，请在地址中加上 hall=营业厅编码。"
