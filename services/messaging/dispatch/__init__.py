"""From the queue to a gateway: claim, commit, submit, record. At most once to the gateway, unknown where nobody knows.

Owns the gateways' adapters, their pace and their pauses. A message is never sent again unless it provably was not sent.
"""
