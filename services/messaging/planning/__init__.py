"""From a cause to a message: introductions, notices, requests; held through quiet hours, checked again at release.

Hears customer.*, hall.changed, complaint.opened, complaint.resolved, product.activated; speaks sms.suppressed and
sms.intro_missed.
"""
