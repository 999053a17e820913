"""No upload is read beyond what could be taken, whatever its sender says of its size."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from commonweal.web.desk.sniffing import MAX_BYTES

_ROOM = 64 * 1024


class Limited(FileUploadHandler):
    """The first of the handlers: it counts, and the rest of an upload that is too large is lost."""

    read = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass a piece on while there is room."""
        del start
        self.read += len(raw_data)
        if self.read > MAX_BYTES + _ROOM:
            self.request.upload_too_large = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> Any:
        """The handlers after this one keep the file."""
        del file_size
        return None


def was_too_large(request: HttpRequest) -> bool:
    """True if an upload of this request was cut off."""
    _ = request.FILES
    return bool(getattr(request, "upload_too_large", False))
