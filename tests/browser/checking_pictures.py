"""Makes docs/images/service-output-review.png: `python -m tests.browser.checking_pictures`.

The first page of an output of two tables, of rows that the airlock made, in a demonstration home.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.looking import sign_in
from tests.web.house import make_home, served

IMAGE = Path(__file__).resolve().parents[2] / "docs" / "images" / "service-output-review.png"


def main() -> None:
    """Serve a home with outputs that wait, and keep the first page of one."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("There is no Chromium on this machine.")
    with tempfile.TemporaryDirectory() as folder:
        home, stores = Path(folder) / "home", Path(folder) / "stores"
        make_home(home, stores=stores)
        with served(home, COMMONWEAL_ROOT_STORE=str(stores)) as running:
            variables = {
                **os.environ, "COMMONWEAL_HOME": str(home),
                "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
            }  # fmt: skip
            made = subprocess.run(
                [sys.executable, "-m", "tests.browser.output_rows"],
                env=variables, check=True, capture_output=True, text=True,
            )  # fmt: skip
            output = json.loads(made.stdout)["output.tables"]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                page = browser.new_page(
                    viewport={"width": 1000, "height": 2100}, device_scale_factor=0.7,
                    base_url=running.address,
                )  # fmt: skip
                page.set_default_timeout(60_000)
                sign_in(page, "Tara Singh")
                page.goto(f"/outputs/review/{output}/")
                page.screenshot(path=IMAGE)
                browser.close()


if __name__ == "__main__":
    main()
