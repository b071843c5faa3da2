"""What counts as the customer's word, and how it is called."""

EVIDENCE_KINDS = {"signature": "签字单", "sms_code": "短信验证码", "recording": "录音"}
STATUS_NAMES = {"recorded": "已办理", "denied": "客户否认"}


def evidence_kind(text: str) -> str:
    """The kind by its code; `sms` is how consents call the same thing."""
    return "sms_code" if text == "sms" else text
