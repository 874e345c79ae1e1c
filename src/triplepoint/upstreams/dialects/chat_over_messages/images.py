"""Pictures and documents of a chat message as Anthropic's sources. The base64 text is cut out, never decoded."""

from triplepoint.upstreams.dialects.shapes import chat, messages
from triplepoint.upstreams.dialects.shapes.reading import refusal


def image_source(part: chat.ImagePart, path: str) -> messages.Base64Source | messages.UrlSource:
    """Translate a picture's url.

    Args:
        part: The picture.
        path: Where it stands in the request.
    Raises: RequestInvalid: neither http(s) nor base64 data.
    """
    url = part.image_url.url
    if url.startswith(("https://", "http://")):
        return messages.UrlSource(url=url)
    return _base64(url, f"{path}.image_url.url")


def document_source(part: chat.FilePart, path: str) -> messages.Base64Source:
    """Translate a file that is inside the request.

    Raises: RequestInvalid: it is known to another vendor only, or no PDF.
    """
    if not part.file.file_data:
        raise refusal(f"{path}.file.file_data", "is required: this model's upstream cannot read files kept by another vendor")
    source = _base64(part.file.file_data, f"{path}.file.file_data")
    if source.media_type != "application/pdf":
        raise refusal(f"{path}.file.file_data", "must be a PDF; this model's upstream takes no other files")
    return source


def _base64(url: str, path: str) -> messages.Base64Source:
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64") and comma and data):
        raise refusal(path, "must begin with https:// or be a data URL such as data:image/png;base64,…")
    return messages.Base64Source(media_type=head.removeprefix("data:").partition(";")[0], data=data)
