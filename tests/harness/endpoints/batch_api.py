"""OpenAI's Batch API, as far as a client needs it: files and batches, answered by the script of the chat server."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any


@dataclass
class BatchApi:
    """Holds what was uploaded and submitted; a batch ends once it has been looked at ``ends_after`` times.

    ``status`` is what batches end as; with ``deaf``, a batch is taken and the answer to that is lost. The answers in
    ``losing`` are given to the first requests for a batch, each with whether the batch is made all the same. What is
    made is listed after it was looked for ``listed_after`` times.
    """

    server: Any
    ends_after: int = 1
    status: str = "completed"
    deaf: bool = False
    refuses: int | None = None
    losing: list[tuple[Any, bool]] = field(default_factory=list)
    listed_after: int = 0
    wanted: int = 0
    lists: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)

    @property
    def questions(self) -> list[str]:
        """What was asked, in all batches."""
        files = [self.files[batch["input_file_id"]] for batch in self.batches.values()]
        rows = [json.loads(line) for content in files for line in content.splitlines()]
        return [row["body"]["messages"][-1]["content"] for row in rows]

    def respond(self, method: str, path: str, body: bytes) -> Any:
        if self.refuses is not None:
            return self.server.status(self.refuses, "no batches here")
        parts = path.split("?")[0].removeprefix("/v1/").split("/")
        if parts[0] == "files" and method == "POST":
            return self._json(self._upload(body))
        if parts[0] == "files":
            return self.server.raw(self.files[parts[1]])
        if method == "POST":
            self.wanted += 1
            if self.losing:
                answer, arrives = self.losing.pop(0)
                if arrives:
                    self._make(json.loads(body))
                return answer
            made = self._make(json.loads(body))
            return self.server.status(400, "lost on the way") if self.deaf else self._json(made)
        if len(parts) == 1:
            self.lists += 1
            if self.lists <= self.listed_after:
                return self._json({"object": "list", "data": [], "has_more": False})
            return self._json({"object": "list", "data": list(self.batches.values()), "has_more": False})
        return self._json(self._look(parts[1]))

    def _json(self, value: dict[str, Any]) -> Any:
        return self.server.raw(json.dumps(value).encode())

    def _upload(self, body: bytes) -> dict[str, Any]:
        content = re.search(rb"filename=[^\r]*\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--", body, re.DOTALL)[1]
        name = f"file-{len(self.files)}"
        self.files[name] = content
        about = {"bytes": len(content), "created_at": 0, "filename": "f", "purpose": "batch", "status": "processed"}
        return {"id": name, "object": "file", **about}

    def _make(self, fields: dict[str, Any]) -> dict[str, Any]:
        name = f"batch-{len(self.batches)}"
        self.batches[name] = {"id": name, "object": "batch", "status": "in_progress", "created_at": 0, **fields}
        return self.batches[name]

    def _look(self, name: str) -> dict[str, Any]:
        batch = self.batches[name]
        self.looks[name] = self.looks.get(name, 0) + 1
        if self.looks[name] < self.ends_after or batch["status"] != "in_progress":
            return batch
        batch["status"] = self.status
        if self.status == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "x", "message": "the file is not to our taste"}]}
            return batch
        good, bad = [], []
        for line in self.files[batch["input_file_id"]].splitlines():
            row = json.loads(line)
            answer = self.server.respond(json.dumps(row["body"]).encode(), {})
            if answer.cut is not None:
                bad.append({"custom_id": row["custom_id"], "error": {"code": "batch_expired", "message": "too late"}})
                continue
            response = {"status_code": answer.status, "body": json.loads(answer.body)}
            row = {"custom_id": row["custom_id"], "response": response, "error": None}
            (good if answer.status == 200 else bad).append(row)
        for kind, rows in (("output_file_id", reversed(good)), ("error_file_id", bad)):
            content = "\n".join(json.dumps(row) for row in rows).encode()
            if content:
                batch[kind] = f"file-{len(self.files)}"
                self.files[batch[kind]] = content
        return batch
