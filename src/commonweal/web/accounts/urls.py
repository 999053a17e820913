"""Addresses of accounts. Of allauth's, only those that this service offers."""

from __future__ import annotations

from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from django.urls import URLPattern, include, path

from commonweal.web.accounts import views, views_people, views_provider

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
    path("sessions/", views.sessions_page, name="sessions"),
    path("sessions/end/", views.sign_out_everywhere, name="sign_out_everywhere"),
    path("mail/", views.mail, name="mail"),
    path("logout/", views_provider.sign_out, name="sign_out"),  # before allauth's own
]
_PEOPLE = [
    path("directory/", views_people.people, name="people"),
    path("directory/who-decides/", views_people.signed_list, name="signed_list"),
    path("directory/organisations/", views_people.organisations, name="organisations"),
    path("directory/organisations/new/", views_people.organisation, name="new_organisation"),
    path("directory/organisations/<str:id_>/", views_people.organisation, name="organisation"),
    path("directory/invitations/", views_people.invitations, name="invitations"),
    path("directory/invitations/<int:pk>/resend/", views_people.resend, name="resend"),
    path("directory/invitations/<int:pk>/withdraw/", views_people.withdraw, name="withdraw"),
    path("directory/mail/", views_people.unsent, name="unsent"),
    path("directory/mail/again/", views_people.send_again, name="send_again"),
    path("directory/people/<str:id_>/", views_people.person, name="person"),
    path("directory/people/<str:id_>/give/", views_people.give_role, name="give_role"),
    path("directory/people/<str:id_>/end/", views_people.end_role, name="end_role"),
    path("directory/people/<str:id_>/until/", views_people.set_accredited, name="set_accredited"),
    path("directory/people/<str:id_>/close/", views_people.close, name="close"),
    path("directory/people/<str:id_>/open/", views_people.reopen, name="reopen"),
    path("directory/people/<str:id_>/out/", views_people.sign_out_person, name="sign_out_person"),
]
_PROVIDER = [
    path("with/<str:id_>/", views_provider.provider_begin, name="provider_begin"),
    path("with/<str:id_>/answer/", views_provider.provider_answer, name="provider_answer"),
    path("with/<str:id_>/ended/", views_provider.provider_notice, name="provider_notice"),
    path("with/<str:id_>/keys/", views_provider.provider_keys, name="provider_keys"),
    path(
        "with/<str:id_>/invitation/<str:secret>/",
        views_provider.provider_accept,
        name="provider_accept",
    ),
]

urlpatterns = [
    path("", include(([*_OURS, *_PEOPLE, *_PROVIDER], "accounts"))),
    path("", include(_ALLAUTH)),
    path("second-factor/", include(mfa_urls)),
]
