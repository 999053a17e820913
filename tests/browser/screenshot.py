"""Makes docs/images/risk-report.png anew: `python -m tests.browser.screenshot`.

The top of a real risk report: the demonstration hospital, built by the real commands.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGE = REPOSITORY / "docs" / "images" / "risk-report.png"
ENTRY = "import sys; from commonweal.cli.main import run; sys.exit(run())"


def main() -> None:
    """Run the demonstration in a folder of its own and take the picture."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("There is no Chromium on this machine.")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        arguments = ["demo", "--no-serve", "--patients", "3000", "--quick", "--home", str(home)]
        subprocess.run([sys.executable, "-c", ENTRY, *arguments], check=True, capture_output=True)
        (report,) = (home / "releases").glob("*/report.html")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            # Two thirds of its size is enough to see what it is like.
            size = {"width": 880, "height": 1560}
            page = browser.new_page(viewport=size, device_scale_factor=0.67)
            page.goto(report.as_uri())
            IMAGE.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=IMAGE)
            browser.close()


if __name__ == "__main__":
    main()
