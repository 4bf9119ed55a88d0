"""Files and batches over the ``openai`` package; imported when the first batch is handed in, because that is slow."""

from __future__ import annotations

import openai

from polyarena.harness.endpoints.batch_files import PATH, Ended, read_outcomes
from polyarena.harness.endpoints.journal import LOST
from polyarena.harness.endpoints.outcome import failure, presentable
from polyarena.harness.endpoints.settings import EndpointSettings
from polyarena.tasks.errors import ModelError

_NAME = "polyarena"
_RETRIES = 5  # files and looks at a batch cost nothing, so the package's own retries may have them
_ENDED = ("completed", "failed", "expired", "cancelled")


class BatchClient:
    """Hands batches in, finds them again and fetches what they came to.

    Args:
        settings: Which endpoint.
        key: The API key.
    """

    def __init__(self, settings: EndpointSettings, key: str) -> None:
        self._settings = settings
        self._key = key
        self._client = openai.OpenAI(
            api_key=key, base_url=settings.url, max_retries=_RETRIES, timeout=settings.timeout_s
        )

    def hand_in(self, token: str, content: bytes) -> str:
        """Upload a file of requests, make a batch of it, and return the server's name of it.

        Args:
            token: Our own name of the batch, kept with it at the server.
            content: The file.

        Raises:
            ModelError: The server refuses it or cannot be reached.
        """
        try:
            file = self._client.files.create(file=(f"{token}.jsonl", content), purpose="batch")
            batch = self._client.batches.create(
                input_file_id=file.id, endpoint=PATH, completion_window="24h", metadata={_NAME: token}
            )
        except openai.OpenAIError as error:
            raise self._refused(error) from error
        return batch.id

    def find(self, token: str) -> str | None:
        """Return the server's name of a batch that we handed in under this name; ``None`` if it never arrived.

        Raises:
            ModelError: The server refuses or cannot be reached.
        """
        try:
            batches = self._client.batches.list(limit=100)
            return next((batch.id for batch in batches if (batch.metadata or {}).get(_NAME) == token), None)
        except openai.OpenAIError as error:
            raise self._refused(error) from error

    def ended(self, batch_id: str) -> Ended | None:
        """Return what a batch came to, or ``None`` if it is still under way.

        Raises:
            ModelError: The server refuses or cannot be reached.
        """
        try:
            batch = self._client.batches.retrieve(batch_id)
            if batch.status not in _ENDED:
                return None
            files = [name for name in (batch.output_file_id, batch.error_file_id) if name]
            outcomes = read_outcomes([self._client.files.content(name).content for name in files])
        except openai.OpenAIError as error:
            raise self._refused(error) from error
        said = [each.message for each in (batch.errors.data or []) if each.message] if batch.errors else []
        if batch.status == "failed":
            why = f"the batch was refused: {'; '.join(said) or 'no reason given'}"
            return Ended(outcomes, failure(LOST, why, retry=False))
        return Ended(outcomes)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _refused(self, error: openai.OpenAIError) -> ModelError:
        why = presentable(failure("error", str(error), retry=False), self._key).reply.error or ""
        status = getattr(error, "status_code", None)
        fixes = {
            401: f"export {self._settings.api_key_env}=<a key that is valid there>",
            404: "leave `mode: batch` out: this endpoint seems to have no Batch API",
        }
        return ModelError(
            "the batch could not be handed in or looked at",
            where=f"{self._settings.model} at {self._settings.url}",
            why=why,
            fix=fixes.get(status or 0, "run the same command again: batches that were handed in are found again"),
        )
