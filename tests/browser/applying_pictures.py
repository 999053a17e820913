"""Makes docs/images/application-tasks.png anew: `python -m tests.browser.applying_pictures`.

The task list of an application that was begun, in a demonstration home, by the real service.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.looking import sign_in
from tests.browser.test_applying import answer_route
from tests.web.house import make_home, served

IMAGE = Path(__file__).resolve().parents[2] / "docs" / "images" / "application-tasks.png"


def main() -> None:
    """Serve a home, begin an application and take the picture."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("There is no Chromium on this machine.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = make_home(Path(folder) / "home", stores=Path(folder) / "stores")
        with served(home, COMMONWEAL_ROOT_STORE=str(Path(folder) / "stores")) as service:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            page = browser.new_page(
                viewport={"width": 880, "height": 1300}, device_scale_factor=0.67,
                base_url=service.address,
            )  # fmt: skip
            sign_in(page, "Amara Okafor")
            page.goto("/applications/start/")
            page.get_by_role("button", name="Start now").click()
            answer_route(page)
            page.get_by_role("button", name="Go on to the parts").click()
            page.get_by_role("link", name="The project").click()
            page.get_by_label("Title", exact=True).fill("Asthma in winter")
            page.get_by_role("button", name="Save and continue").click()
            page.screenshot(path=IMAGE)
            browser.close()


if __name__ == "__main__":
    main()
