"""Speech to text at any OpenAI-compatible endpoint: a recording in, its words out.

The connection is `baton_speech`: `password` holds the API key, `extra.model` the model,
`extra.base_url` the endpoint, and `extra.audio_hosts` the hosts from which recordings may be fetched:
a transcript from outside never chooses where we connect to.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
import openai

from baton.clients.http import tls
from baton.core.connections import Connection
from baton.core.errors import VendorError, VendorUnavailable

VENDOR_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-4o-mini-transcribe"
TIMEOUT_SECONDS = 300.0
LARGEST_BYTES = 25 * 1024 * 1024  # the vendor's own limit for one recording


class SpeechClient:
    """One endpoint for transcription."""

    def __init__(self, connection: Connection) -> None:
        """Raises VendorError if the connection holds no API key."""
        if not connection.password:
            raise VendorError(
                f"The connection {connection.id} has no password; put the API key there."
            )
        named = connection.extra.get("base_url") or connection.host
        self._name = connection.id
        self._model = str(connection.extra.get("model") or DEFAULT_MODEL)
        self._hosts = _words(connection.extra.get("audio_hosts") or [])
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, verify=tls(), follow_redirects=False)
        self._api = openai.OpenAI(
            api_key=connection.password,
            base_url=connection.base_url if named else VENDOR_URL,
            timeout=TIMEOUT_SECONDS,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(verify=tls()),
        )

    def close(self) -> None:
        """Close the connections that were kept open."""
        self._api.close()
        self._http.close()

    def transcribe_url(self, url: str) -> str:
        """Fetch the recording at `url`, from an allowed host, and return what was said."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or (parts.hostname or "") not in self._hosts:
            raise VendorError(
                f"Recordings may not be fetched from {parts.hostname or url[:80]!r}; if that is the "
                f"recorder's host, add it to audio_hosts in the extra of {self._name}."
            )
        audio = bytearray()
        try:
            with self._http.stream("GET", url) as answer:
                if not answer.is_success:
                    kind = VendorUnavailable if answer.status_code >= 500 else VendorError
                    raise kind(f"The recording at {parts.hostname} answers {answer.status_code}.")
                for piece in answer.iter_bytes():
                    audio += piece
                    if len(audio) > LARGEST_BYTES:
                        raise VendorError("The recording is larger than 25 MB; split it.")
        except httpx.TransportError as error:
            raise VendorUnavailable(f"The recording cannot be fetched: {error}.") from error
        return self.transcribe(bytes(audio), parts.path.rpartition("/")[2] or "recording.wav")

    def transcribe(self, audio: bytes, file_name: str) -> str:
        """Return what is said in a recording. Raises VendorUnavailable or VendorError."""
        try:
            answer = self._api.audio.transcriptions.create(
                model=self._model, file=(file_name, audio), response_format="json"
            )
        except (
            openai.APIConnectionError,
            openai.InternalServerError,
            openai.RateLimitError,
        ) as error:
            raise VendorUnavailable(f"{self._name} cannot transcribe for now: {error}.") from error
        except openai.OpenAIError as error:
            raise VendorError(f"{self._name} refused the recording: {error}.") from error
        return answer.text


def _words(value: Sequence[str] | str) -> frozenset[str]:
    words = value.split(",") if isinstance(value, str) else value
    return frozenset(str(word).strip().lower() for word in words)
