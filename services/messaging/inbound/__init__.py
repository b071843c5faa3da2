"""What customers write back: opt-out at once and acknowledged once, "not me", anything else an enquiry for the hall.

Speaks sms.opted_out, sms.activation_denied and sms.enquiry_received.
"""
