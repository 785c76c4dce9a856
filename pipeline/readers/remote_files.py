"""The files of an input that is a URL: one file, or a folder or pattern of a store that can tell what it holds."""

from pipeline.errors import UserError
from pipeline.readers.found import AnyFormat, Listing, format_of, input_file
from pipeline.readers.patterns import has_signs, matches, split_pattern
from pipeline.storage import check_address, file_name, is_web, remote_files, remote_status, shown


def list_remote(url: str, format: AnyFormat) -> Listing:
    """The input's files, as `list_files` has them, and with the same marks on what is passed over. Raises UserError as it does."""
    if is_web(url):
        check_address(url)
        if not file_name(url):
            raise UserError(f"{shown(url)}: a web server cannot be asked what it holds; name one file")
    status = None if url.endswith("/") else remote_status(url)
    if status is not None:
        return Listing([input_file(url, file_name(url), format, status)], [])
    root, pattern = split_pattern(url) if has_signs(url) else (url.rstrip("/"), ("**",))
    listing = Listing([], [])
    for name, status in remote_files(root):
        parts = name.split("/")
        if any(part.startswith(".") for part in parts) or not matches(parts, pattern):
            continue
        if format == "auto" and format_of(name) is None:
            listing.skipped.append((name, "unknown format"))
        else:
            listing.files.append(input_file(f"{root}/{name}", name, format, status))
    return listing
