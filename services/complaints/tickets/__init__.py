"""Enquiries and complaints: their states, their cycles, their event log, and the clocks that follow from it.

Speaks `complaint.opened`, `.assigned`, `.responded`, `.escalated`, `.clock_missed`, `.resolved`, `.reopened`, `.closed`
and `.rated`; hears `sms.enquiry_received`, `sms.activation_denied`, `customer.registered`, `customer.reassigned` and
`customer.purged`.
"""
