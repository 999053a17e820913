"""Texts that tests of the public pages put into a home."""

from __future__ import annotations

from pathlib import Path

CONTACTS = """\
phone: 01632 960 123
phone_hours: Monday to Friday, 9am to 5pm
email: your-data@example.nhs.uk
post:
  - Patient data team
  - Freepost HOSPITAL DATA
desk: The information desk in the main entrance
officer:
  email: dpo@example.nhs.uk
full_notice: https://www.example.nhs.uk/privacy
"""
PDF = b"%PDF-1.7\n%%EOF\n"
HEAD = {
    "title": "Our own page",
    "summary": "What this is about.",
    "owner": "the front desk",
    "reviewed": "2026-11-02",
    "review_by": "2027-11-01",
    "order": "10",
    "group": "part",
}


def page_of(body: str = "Some plain words.", **changes: str | None) -> bytes:
    """A page's file: the head with some fields changed, or left out where they are None."""
    lines = [f"{name}: {value}" for name, value in (HEAD | changes).items() if value is not None]
    return ("---\n" + "\n".join(lines) + f"\n---\n{body}\n").encode()


def put(home: Path, name: str, content: bytes) -> Path:
    """Put a file into the hospital's folder of pages."""
    folder = home / "public" / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def with_pages(home: Path) -> None:
    """The hospital's contacts, a page of its own, and a page in another form."""
    put(home, "risks.easy-read.pdf", PDF)
    put(home, "our-own.md", page_of())
    (home / "public" / "contacts.yaml").write_text(CONTACTS)
