"""Signing in with a provider of identity: OpenID Connect, authorisation code with PKCE."""
