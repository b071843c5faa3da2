"""A person's own data, put together on request (个人信息查阅与复制): all that this service holds, as JSON and on paper.

Speaks and hears nothing. Each export has a reason and is in the access log before it is shown.
"""
