"""Letting go of people (C7, X2): who left the network, the monthly cleaning, and erasure on request.

Speaks `customer.left_network` and `customer.purged`; hears nothing. Erasing takes the identity and leaves a
pseudonymous record, so that no count moves; what it must reach in this service is listed in `usecases.erasing`.
"""
