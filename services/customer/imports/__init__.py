"""The archive's sheet, in and out: import jobs with a report for every row, and the export in exactly the same form.

Speaks through the archive; hears nothing. A number that was uploaded is on no disk in clear, and a row without 同意入档
leaves nothing behind but its line number.
"""
