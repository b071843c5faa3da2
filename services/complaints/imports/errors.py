"""What can go wrong with a file of orders."""

from shared.errors import Invalid, NotFound


class ImportNotFound(NotFound):
    code = "import-not-found"
    title = "未找到导入任务"
    detail = "没有这个导入任务，或它不在您的管辖范围内。"


class ColumnsMissing(Invalid):
    code = "columns-missing"
    title = "表头不完整"
    detail = "没有找到表头，或缺少这些列：{columns}。"


class FileTooLong(Invalid):
    code = "file-too-long"
    title = "文件行数过多"
    detail = "一次最多导入 {most} 行，请拆分后分别导入。"
