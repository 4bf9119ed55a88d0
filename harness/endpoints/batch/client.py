"""Files and batches over the ``openai`` package; imported with the first batch, because that is slow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import openai

from polyarena.harness.endpoints.accounting.entry import LOST
from polyarena.harness.endpoints.batch.files import PATH, BatchResult, read_outcomes
from polyarena.harness.endpoints.settings import EndpointSettings
from polyarena.harness.endpoints.transport.backoff import read_retry_after, retry_delay_s
from polyarena.harness.endpoints.transport.certificates import check_certificates
from polyarena.harness.endpoints.transport.outcome import failure, sanitize_outcome
from polyarena.tasks.errors import ModelError

_NAME = "polyarena"
_RETRIES = 5  # files and looks at a batch cost nothing, so the package's own retries may have them; batches may not
_UNREADABLE = (ValueError, TypeError, AttributeError)  # what the package makes of a body that is not the protocol's
_ENDED = ("completed", "failed", "expired", "cancelled")


class BatchClient:
    """Submits batches, finds them again and fetches their results.

    Args:
        settings: Which endpoint.
        key: The API key.
    """

    def __init__(self, settings: EndpointSettings, key: str) -> None:
        check_certificates()
        self._settings = settings
        self._key = key
        self._client = openai.OpenAI(
            api_key=key, base_url=settings.url, max_retries=_RETRIES, timeout=settings.timeout_s
        )
        self._lost: dict[str, str] = {}

    def submit(self, token: str, content: bytes) -> str | None:
        """Upload a file of requests, make a batch of it, and return the server's name of it.

        The request that creates a batch is repeated only if the server refused it: each one that arrives creates
        another batch, which is paid for. If the response is lost, the batch may exist; use :meth:`find`.

        Args:
            token: polyarena's name of the batch, stored with it at the server.
            content: The file.

        Returns:
            ``None`` if the response was lost; :meth:`find` then says whether the batch exists.

        Raises:
            ModelError: The server refuses it, or cannot be reached with the file.
        """
        with self._explained():
            file_id = self._client.files.create(file=(f"{token}.jsonl", content), purpose="batch").id
        try:
            return self._make(token, file_id)
        except openai.APIStatusError as error:
            if error.status_code < 500 and error.status_code not in (408, 409):
                raise self._refused(error) from error
            self._lost[token] = self._said(error)
        except (openai.OpenAIError, *_UNREADABLE) as error:
            self._lost[token] = self._said(error)
        return None

    def _make(self, token: str, file_id: str) -> str:
        client = self._client.with_options(max_retries=0)
        attempt = 1
        while True:
            try:
                name = client.batches.create(
                    input_file_id=file_id, endpoint=PATH, completion_window="24h", metadata={_NAME: token}
                ).id
            except openai.RateLimitError as error:
                # Refused before anything was made: the one failure after which it may be asked for again.
                asked = read_retry_after(error.response.headers, time.time())
                pause = retry_delay_s(token, attempt, asked, self._settings.max_wait_s)
                if pause is None or attempt == self._settings.max_attempts:
                    raise
                attempt += 1
                time.sleep(pause)
                continue
            if not isinstance(name, str) or not name:
                raise ValueError("the server's answer does not name the batch")
            return name

    def find(self, token: str) -> str | None:
        """Return the server's name of the batch with this name of ours; ``None`` if the server lists none.

        Raises:
            ModelError: The server refuses or cannot be reached.
        """
        with self._explained():
            batches = self._client.batches.list(limit=100)
            return next((batch.id for batch in batches if (batch.metadata or {}).get(_NAME) == token), None)

    def lost_batch(self, token: str) -> BatchResult:
        """Return the result of a batch that the server does not list."""
        said = self._lost.pop(token, "")
        why = "the batch did not arrive at the server" + (f": {said}" if said else "")
        return BatchResult({}, failure(LOST, why, retry=True))

    def ended(self, batch_id: str) -> BatchResult | None:
        """Return the result of a batch, or ``None`` if it has not ended.

        Raises:
            ModelError: The server refuses or cannot be reached.
        """
        with self._explained():
            batch = self._client.batches.retrieve(batch_id)
            if batch.status not in _ENDED:
                return None
            files = [name for name in (batch.output_file_id, batch.error_file_id) if name]
            outcomes = read_outcomes([self._client.files.content(name).content for name in files])
        said = [each.message for each in (batch.errors.data or []) if each.message] if batch.errors else []
        if batch.status == "failed":
            why = f"the batch was refused: {'; '.join(said) or 'no reason given'}"
            return BatchResult(outcomes, failure(LOST, why, retry=False))
        return BatchResult(outcomes)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (openai.OpenAIError, *_UNREADABLE) as error:
            raise self._refused(error) from error

    def _said(self, error: Exception) -> str:
        return sanitize_outcome(failure("error", str(error), retry=False), self._key).reply.error or ""

    def _refused(self, error: Exception) -> ModelError:
        status = getattr(error, "status_code", None)
        fixes = {
            401: f"export {self._settings.api_key_env}=<a key that is valid there>",
            404: "leave `mode: batch` out: this endpoint seems to have no Batch API",
        }
        return ModelError(
            "the batch could not be submitted or looked up",
            where=f"{self._settings.model} at {self._settings.url}",
            why=self._said(error),
            fix=fixes.get(status or 0, "run the same command again: batches already submitted are found again"),
        )
