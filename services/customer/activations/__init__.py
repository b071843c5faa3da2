"""Activations (业务办理): a product opened at the customer's word, never without evidence of it (C11).

Speaks `product.activated`, which brings the confirmation SMS; hears `sms.activation_denied`, the answer "not me". An
activation ends the recommendation it came from.
"""
