"""The administrator's pages: who signs in, which programs may call. Owns nothing: accounts are those of `access`.

A password or secret is made up here, shown once and never again; only its hash is kept.
"""
