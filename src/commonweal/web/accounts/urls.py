"""Addresses of accounts. Of allauth's, only those that this service offers."""

from __future__ import annotations

from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from django.urls import URLPattern, include, path

from commonweal.web.accounts import views

OFFERED = frozenset({
    "account_login", "account_logout", "account_inactive", "account_signup",
    "account_reauthenticate", "account_email", "account_email_verification_sent",
    "account_confirm_email", "account_change_password", "account_set_password",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done",
})  # fmt: skip
"""Of allauth's pages those that have our look. Codes by mail and telephones are not offered."""

_ALLAUTH: list[URLPattern] = [one for one in account_urls.urlpatterns if one.name in OFFERED]
_OURS = [
    path("", views.me, name="me"),
    path("people/", views.personas, name="personas"),
    path("people/sign-in/", views.persona_sign_in, name="persona_sign_in"),
    path("invite/", views.invite, name="invite"),
    path("invitation/<str:secret>/", views.accept, name="accept"),
    path("keys/", views.tokens, name="tokens"),
    path("keys/end/", views.end_token, name="end_token"),
]

urlpatterns = [
    path("", include((_OURS, "accounts"))),
    path("", include(_ALLAUTH)),
    path("second-factor/", include(mfa_urls)),
]
