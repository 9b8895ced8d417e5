"""What a file name's extension says: the media type to serve, and what kind of file it is."""

from typing import Final

from renderio_box.jobs.files import FileType

DEFAULT_MIME_TYPE: Final = "application/octet-stream"

_TYPES: Final[dict[FileType, dict[str, str]]] = {
    FileType.VIDEO: {
        "mp4": "video/mp4",
        "m4v": "video/x-m4v",
        "mov": "video/quicktime",
        "mkv": "video/x-matroska",
        "webm": "video/webm",
        "avi": "video/x-msvideo",
        "ts": "video/mp2t",
        "m2ts": "video/mp2t",
        "mts": "video/mp2t",
        "mpg": "video/mpeg",
        "mpeg": "video/mpeg",
        "vob": "video/mpeg",
        "flv": "video/x-flv",
        "wmv": "video/x-ms-wmv",
        "asf": "video/x-ms-asf",
        "ogv": "video/ogg",
        "3gp": "video/3gpp",
        "mxf": "application/mxf",
        "m4s": "video/iso.segment",
        "y4m": "video/x-yuv4mpeg",
    },
    FileType.AUDIO: {
        "mp3": "audio/mpeg",
        "m4a": "audio/mp4",
        "m4b": "audio/mp4",
        "aac": "audio/aac",
        "wav": "audio/wav",
        "flac": "audio/flac",
        "ogg": "audio/ogg",
        "oga": "audio/ogg",
        "opus": "audio/ogg",
        "ac3": "audio/ac3",
        "eac3": "audio/eac3",
        "aiff": "audio/aiff",
        "aif": "audio/aiff",
        "wma": "audio/x-ms-wma",
        "mka": "audio/x-matroska",
        "caf": "audio/x-caf",
        "mp2": "audio/mpeg",
        "amr": "audio/amr",
        "wv": "audio/x-wavpack",
    },
    FileType.IMAGE: {
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "png": "image/png",
        "apng": "image/apng",
        "gif": "image/gif",
        "webp": "image/webp",
        "bmp": "image/bmp",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "avif": "image/avif",
        "jxl": "image/jxl",
        "jp2": "image/jp2",
        "ico": "image/x-icon",
        "exr": "image/x-exr",
        "ppm": "image/x-portable-pixmap",
        "pgm": "image/x-portable-graymap",
        "tga": "image/x-tga",
    },
    FileType.SUBTITLES: {
        "srt": "application/x-subrip",
        "vtt": "text/vtt",
        "ass": "text/x-ssa",
        "ssa": "text/x-ssa",
        "ttml": "application/ttml+xml",
        "sup": "application/octet-stream",
        "lrc": "text/x-lrc",
    },
    FileType.TEXT: {
        "txt": "text/plain",
        "log": "text/plain",
        "csv": "text/csv",
        "json": "application/json",
        "xml": "application/xml",
        "html": "text/html",
        "md": "text/markdown",
        "ffmeta": "text/plain",
        "ffmetadata": "text/plain",
        "md5": "text/plain",
        "framemd5": "text/plain",
        "framecrc": "text/plain",
        "hash": "text/plain",
        "sdp": "application/sdp",
        "js": "text/javascript",
        "m3u8": "application/vnd.apple.mpegurl",
        "mpd": "application/dash+xml",
    },
    FileType.ARCHIVE: {
        "zip": "application/zip",
        "tar": "application/x-tar",
        "gz": "application/gzip",
    },
    FileType.OTHER: {
        "svg": "image/svg+xml",
        "key": DEFAULT_MIME_TYPE,
        "ttf": "font/ttf",
        "otf": "font/otf",
        "pdf": "application/pdf",
    },
}
_BY_EXTENSION: Final = {
    extension: (kind, mime)
    for kind, extensions in _TYPES.items()
    for extension, mime in extensions.items()
}
_PREFERRED: Final = {mime: extension for extension, (_, mime) in reversed(_BY_EXTENSION.items())}

PROBED_TYPES: Final = frozenset(
    {FileType.VIDEO, FileType.AUDIO, FileType.IMAGE, FileType.SUBTITLES}
)
"""Kinds whose content is media, so that a file of that name which does not probe is broken."""


def extension_of(filename: str) -> str:
    """Return the lower-case extension without its dot, empty when there is none."""
    _, dot, extension = filename.rpartition(".")
    return extension.lower() if dot else ""


def file_type_of(filename: str) -> FileType:
    """Return what the name promises the file to be."""
    return _BY_EXTENSION.get(extension_of(filename), (FileType.OTHER, ""))[0]


def mime_type_of(filename: str) -> str:
    """Return the media type to serve the file with."""
    return _BY_EXTENSION.get(extension_of(filename), (None, DEFAULT_MIME_TYPE))[1]


def extension_for(mime_type: str) -> str:
    """Return the usual extension for a media type, empty when it is unknown or says nothing."""
    essence = mime_type.partition(";")[0].strip().lower()
    return "" if essence == DEFAULT_MIME_TYPE else _PREFERRED.get(essence, "")
