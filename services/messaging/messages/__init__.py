"""The message: its states, what gateways answered about it, and why it was sent or not.

Speaks sms.accepted, sms.delivered, sms.failed, sms.unknown and sms.suppressed.
"""
