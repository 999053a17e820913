"""What the server calls (WSGI)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.umask(0o077)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commonweal.web.config.settings")
application = get_wsgi_application()

from commonweal.web.letters.post import start_postman  # noqa: E402 (Django must be ready)

if "COMMONWEAL_WEB_ADDRESS" in os.environ:  # the supervisor started us: this is the service
    start_postman()
