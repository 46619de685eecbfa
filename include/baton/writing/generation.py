"""The ledger of everything that was asked of a model: prompt, answer, tokens, cost, error.

Every layer that asks a model does it through `Ledger.ask`. An answer that is there already for the
same subject and the same prompt is used again, so a rerun pays nothing and says the same.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from baton.clients.openai import AnswerRefused, OpenAIClient, strict_schema
from baton.core.errors import VendorError
from baton.warehouse.connect import one
from baton.warehouse.run import Run
from baton.writing.records import as_json

Shape = TypeVar("Shape", bound=BaseModel)
OFFLINE = "offline"


@dataclass(frozen=True)
class Prompt:
    """Our own words to a model. Change the version whenever the instructions change."""

    version: str
    name: str
    instructions: str


@dataclass(frozen=True)
class Price:
    """Money per million tokens."""

    per_million_in: Decimal = Decimal(0)
    per_million_out: Decimal = Decimal(0)
    currency: str = "EUR"

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Return what these tokens cost."""
        total = self.per_million_in * input_tokens + self.per_million_out * output_tokens
        return total / 1_000_000


@dataclass(frozen=True)
class Kept(Generic[Shape]):
    """An answer and the id of its row in ops.generation. `cost` is 0 when it was used again."""

    id: str
    data: Shape
    model: str
    cost: Decimal


class Ledger:
    """Asks on behalf of one run. May be used by several threads at once."""

    def __init__(self, run: Run, llm: OpenAIClient | None, price: Callable[[str], Price]) -> None:
        """`price` returns what a model costs; one that is not listed costs 0."""
        self._run = run
        self._llm = llm
        self._price = price

    @property
    def llm(self) -> OpenAIClient | None:
        """The model, or None where there is no connection `baton_llm`."""
        return self._llm

    def ask(
        self,
        shape: type[Shape],
        prompt: Prompt,
        *,
        kind: str,
        subject: tuple[str, str],
        data: Mapping[str, Any],
        offline: Callable[[], Shape] | None = None,
    ) -> Kept[Shape]:
        """Return the answer to `prompt` about `subject` (kind, id), from the model or from `offline`.

        `offline` is used when it is given, else the model. The row is committed before this returns
        or raises, also for a failure. Raises VendorUnavailable, AnswerRefused or VendorError.
        """
        plain = json.loads(json.dumps(data, ensure_ascii=False, default=as_json))
        model = OFFLINE if offline or self._llm is None else self._llm.model
        digest = prompt_hash(prompt, plain, shape, model)
        if kept := self._again(shape, digest, subject):
            return kept
        call = _Call(self, kind, subject, prompt, plain, digest, model)
        if offline is not None:
            return call.keep(offline(), 0, 0, 0.0)
        if self._llm is None:
            raise VendorError("There is no connection baton_llm, and no offline writer was given.")
        try:
            answer = self._llm.ask(
                shape, name=prompt.name, instructions=prompt.instructions, data=plain
            )
        except AnswerRefused as error:
            call.fail(error, error.input_tokens, error.output_tokens)
            raise
        except VendorError as error:
            call.fail(error)
            raise
        return call.keep(answer.data, answer.input_tokens, answer.output_tokens, answer.seconds)

    def _again(
        self, shape: type[Shape], digest: str, subject: tuple[str, str]
    ) -> Kept[Shape] | None:
        with self._run.connect() as conn:
            row = one(
                conn,
                "select id, answer, model from ops.generation where subject_kind = %s "
                "and subject_id = %s and prompt_hash = %s and answer is not null "
                "order by created_at limit 1",
                (*subject, digest),
            )
        if row is None:
            return None
        return Kept(row["id"], shape.model_validate(row["answer"]), row["model"], Decimal(0))

    def write(
        self, call: "_Call", answer: Any, error: str | None, tokens: tuple[int, int], seconds: float
    ) -> tuple[str, Decimal]:
        """Insert one row of ops.generation in a transaction of its own; return its id and its cost."""
        price = self._price(call.model)
        cost = price.cost(*tokens)
        prompt = {"instructions": call.prompt.instructions, "data": call.data}
        with self._run.connect() as conn:
            row = conn.execute(
                """
                insert into ops.generation (kind, subject_kind, subject_id, model, prompt_version,
                    prompt_hash, prompt, answer, error, input_tokens, output_tokens, cost, currency,
                    seconds, run_id)
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id
                """,
                (
                    call.kind,
                    *call.subject,
                    call.model,
                    call.prompt.version,
                    call.digest,
                    Jsonb(prompt),
                    None if answer is None else Jsonb(answer),
                    error,
                    *tokens,
                    cost,
                    price.currency,
                    seconds,
                    self._run.id,
                ),
            ).fetchone()
        assert row is not None
        return str(row[0]), cost


@dataclass(frozen=True)
class _Call:
    ledger: Ledger
    kind: str
    subject: tuple[str, str]
    prompt: Prompt
    data: dict[str, Any]
    digest: str
    model: str

    def keep(self, data: Shape, tokens_in: int, tokens_out: int, seconds: float) -> Kept[Shape]:
        tokens = (tokens_in, tokens_out)
        id_, cost = self.ledger.write(self, data.model_dump(mode="json"), None, tokens, seconds)
        return Kept(id_, data, self.model, cost)

    def fail(self, error: VendorError, tokens_in: int = 0, tokens_out: int = 0) -> None:
        self.ledger.write(self, None, str(error), (tokens_in, tokens_out), 0.0)


def prompt_hash(prompt: Prompt, data: Any, shape: type[BaseModel], model: str) -> str:
    """Return the hash of everything that decides the answer (SHA-256, hex)."""
    whole = [model, prompt.version, prompt.instructions, strict_schema(shape), data]
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
