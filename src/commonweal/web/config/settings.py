"""Django's settings. Everything that may differ comes from `environment`; nothing else is read."""

from __future__ import annotations

import os
from datetime import timedelta

from commonweal.web.config.environment import Environment
from commonweal.web.config.logs import logging_settings
from commonweal.web.config.secret import secret_key
from commonweal.web.config.trusting import look_at_home

ENVIRONMENT = Environment.read(os.environ)
HOME = look_at_home(ENVIRONMENT.home)
INSECURE_HTTP = ENVIRONMENT.insecure_http

SECRET_KEY = secret_key(ENVIRONMENT.folder)
DEBUG = False
ALLOWED_HOSTS = ["localhost"] if HOME.is_demonstration else list(ENVIRONMENT.names)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "commonweal.web.config",
    "commonweal.web.nhsuk",
    "commonweal.web.ledgerlink",
    "commonweal.web.accounts",
    "commonweal.web.letters",
    "commonweal.web.discovery",
    "commonweal.web.register",
    "commonweal.web.alerts",
    "commonweal.web.publiclog",
    "commonweal.web.signing",
    "commonweal.web.applications",
    "commonweal.web.desk",
    "commonweal.web.committee",
    "commonweal.web.oversight",
    "commonweal.web.projects",
    "commonweal.web.amending",
    "commonweal.web.releases",
    "commonweal.web.dummies",
    "commonweal.web.ingress",
    "commonweal.web.studies",
    "commonweal.web.outputs",
    "commonweal.web.reviews",
    "commonweal.web.panel",
    "commonweal.web.publishing",
    "commonweal.web.concerns",
    "commonweal.web.patients",
    "commonweal.web.rooms",
    "commonweal.web.publicpages",
    "commonweal.web.choices",
    "commonweal.web.api",
]
MIDDLEWARE = [
    "commonweal.web.config.requests.Reference",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "commonweal.web.config.headers.Headers",
    "commonweal.web.config.gate.DemonstrationGate",
    "commonweal.web.config.characters.KeptCharacters",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "commonweal.web.accounts.middleware.SessionTimes",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "commonweal.web.accounts.middleware.Standing",
    "commonweal.web.config.requests.Refusals",
]
ROOT_URLCONF = "commonweal.web.config.urls"
WSGI_APPLICATION = "commonweal.web.config.wsgi.application"

_CONTEXT = [
    "django.contrib.messages.context_processors.messages",
    "commonweal.web.config.context.service",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "commonweal.web.config.jinja.environment",
            "context_processors": _CONTEXT,
        },
    },
    {
        # Only for texts of mail and short messages that allauth brings along.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]

DATABASES = {"default": dict(ENVIRONMENT.database)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600

# --- people and sessions --------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "commonweal.web.accounts.personas.PersonaBackend",
    "commonweal.web.accounts.linking.ProviderBackend",
]
# Providers of identity that people sign in with, by their ids.
PROVIDERS = {ENVIRONMENT.cis2.id: ENVIRONMENT.cis2} if ENVIRONMENT.cis2 is not None else {}
# What patients sign in with to see their own record. It gives nobody an account.
PATIENTS_PROVIDER = ENVIRONMENT.nhs_login
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:me"
LOGOUT_REDIRECT_URL = "home"

# The prefix makes a browser refuse the cookie from anywhere but this host, encrypted. Without
# encryption (this machine only) a browser would refuse the cookie altogether.
_PREFIX = "" if INSECURE_HTTP else "__Host-"
SESSION_COOKIE_NAME = f"{_PREFIX}session"
PATIENTS_COOKIE_NAME = f"{_PREFIX}my-data"
CSRF_COOKIE_NAME = f"{_PREFIX}csrf"
CHOICES_COOKIE_NAME = f"{_PREFIX}choice"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = int(timedelta(hours=8).total_seconds())
SESSION_IDLE = timedelta(minutes=15)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "commonweal.web.config.errors.csrf_failed"

ACCOUNT_ADAPTER = "commonweal.web.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CHANGE_EMAIL = True
# Who asks for a new password for somebody without an account makes us write to nobody.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Commonweal: "
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_USER_DISPLAY = "commonweal.web.accounts.adapter.shown_name"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if INSECURE_HTTP else "https"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "commonweal.web.accounts.adapter.MfaAdapter"
MFA_TOTP_ISSUER = "Commonweal"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = INSECURE_HTTP
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Counts of failed sign-ins live in the database's cache table, so that all processes share them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "web_cache",
    }
}

# --- mail: a reference and a link, never anything about a patient ----------------------------
DEFAULT_FROM_EMAIL = f"Commonweal <no-reply@{ENVIRONMENT.names[0]}>"
if ENVIRONMENT.smtp is None:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(ENVIRONMENT.folder / "outbox")
else:
    EMAIL_HOST, EMAIL_PORT = ENVIRONMENT.smtp.host, ENVIRONMENT.smtp.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = ENVIRONMENT.smtp.user, ENVIRONMENT.smtp.password
    EMAIL_USE_TLS = ENVIRONMENT.smtp.encryption == "starttls"
    EMAIL_USE_SSL = ENVIRONMENT.smtp.encryption == "tls"
    EMAIL_TIMEOUT = 20

# --- what every answer carries ----------------------------------------------------------------
SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_REDIRECT_EXEMPT = [r"^health$"]
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if ENVIRONMENT.behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Nothing inline, nothing from outside. Pictures may be written into the page (QR codes).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        # Signing out here sends the browser on to sign out at the provider as well.
        "form-action": ["'self'", *(one.origin for one in PROVIDERS.values())],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

FILE_UPLOAD_HANDLERS = [
    "commonweal.web.desk.uploading.Limited",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_settings()
