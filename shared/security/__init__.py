"""Who is calling (tokens), what they may do (roles, scopes) and which halls they may see (tenancy)."""
