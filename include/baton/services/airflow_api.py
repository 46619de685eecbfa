"""Talks to Airflow's public REST API (v2): log in, trigger a DAG, follow its run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from baton.clients.http import tls
from baton.core.errors import BatonError

DONE = {"success", "failed", "skipped", "upstream_failed", "removed"}
LOOK_EVERY = 0.2  # seconds
LOOK_AT_TASKS_EVERY = 1.0


class AirflowError(BatonError):
    """Airflow refused, could not be reached, or a run of its failed; the message says which."""


@dataclass(frozen=True)
class TaskState:
    """One task of a run. `state` is None until the scheduler has looked at it."""

    task_id: str
    state: str | None


@dataclass(frozen=True)
class DagRun:
    """One run as Airflow shows it. `seconds` is None until it has ended."""

    dag_id: str
    run_id: str
    state: str
    seconds: float | None
    tasks: tuple[TaskState, ...]

    @property
    def done_tasks(self) -> int:
        """How many tasks have ended, whichever way."""
        return sum(1 for task in self.tasks if task.state in DONE)


class AirflowApi:
    """A logged-in client. One per process; close it, or use it in a `with` block."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        """Connect lazily: the first call logs in."""
        self._http = httpx.Client(base_url=base_url, timeout=30, trust_env=False, verify=tls())
        self._login = {"username": user, "password": password}

    def __enter__(self) -> "AirflowApi":
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def healthy(self, *parts: str) -> bool:
        """Tell whether the api-server answers and sees these parts of Airflow alive."""
        try:
            # The api-server makes the part that tasks talk to when it is first asked, which takes
            # seconds: asked here, no task waits for it.
            if not self._http.get("/execution/health", timeout=5).is_success:
                return False
            answer = self._http.get("/api/v2/monitor/health", timeout=5)
            health = answer.json() if answer.status_code == 200 else {}
        except (httpx.HTTPError, ValueError):
            return False
        return all((health.get(part) or {}).get("status") == "healthy" for part in parts)

    def dag_ids(self) -> set[str]:
        """Return the DAGs that are parsed and active, paused ones included."""
        answer = self._call("GET", "/api/v2/dags", params={"limit": 500})
        return {dag["dag_id"] for dag in answer["dags"]}

    def import_errors(self) -> dict[str, str]:
        """Return the last line of the error of every DAG file that does not load."""
        answer = self._call("GET", "/api/v2/importErrors", params={"limit": 50})
        return {
            str(error["filename"]): str(error["stack_trace"]).strip().splitlines()[-1]
            for error in answer["import_errors"]
        }

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run what is triggered."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, start: datetime, end: datetime) -> None:
        """Trigger a run over the data interval from `start` to `end` (aware).

        The logical date is the present: Airflow starts nothing whose logical date lies in the
        future, and a demo's interval may. A run that is there already is left as it is.
        """
        body = {
            "dag_run_id": run_id,
            "logical_date": datetime.now(UTC).isoformat(),
            "data_interval_start": start.isoformat(),
            "data_interval_end": end.isoformat(),
        }
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body, accept=(409,))

    def look(self, dag_id: str, run_id: str) -> DagRun:
        """Return a run and its tasks as they stand."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
        run = self._call("GET", path)
        tasks = self._call("GET", f"{path}/taskInstances")["task_instances"]
        return DagRun(
            dag_id=dag_id,
            run_id=run_id,
            state=run["state"],
            seconds=run.get("duration"),
            tasks=tuple(TaskState(task["task_id"], task["state"]) for task in tasks),
        )

    def follow(
        self,
        dag_id: str,
        run_id: str,
        seen: Callable[[DagRun], None],
        timeout: float,
    ) -> DagRun:
        """Wait until a run has ended, showing each look at its tasks to `seen`.

        Raises AirflowError if it is late. The api-server has one worker and the tasks need it too, so
        it is asked for the run alone most of the time, and for the tasks once a second.
        """
        started = shown = time.monotonic()
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
        while self._call("GET", path)["state"] not in ("success", "failed"):
            now = time.monotonic()
            if now - shown > LOOK_AT_TASKS_EVERY:
                shown = now
                seen(self.look(dag_id, run_id))
            if now - started > timeout:
                tasks = self.look(dag_id, run_id).tasks
                waiting = [f"{t.task_id} ({t.state})" for t in tasks if t.state not in DONE]
                raise AirflowError(
                    f"{dag_id} has not ended after {timeout:.0f} s; it waits for "
                    f"{', '.join(waiting) or 'the scheduler'}. See its log in the Airflow UI."
                )
            time.sleep(LOOK_EVERY)
        run = self.look(dag_id, run_id)
        seen(run)
        return run

    def error_of(self, run: DagRun) -> str:
        """Return the last error that the failed task of a run logged, or ""."""
        failed = next((task for task in run.tasks if task.state == "failed"), None)
        if failed is None:
            return ""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{failed.task_id}"
        tries = self._call("GET", path)["try_number"]
        log = self._call("GET", f"{path}/logs/{tries}", params={"full_content": "true"})
        errors = [line for line in log["content"] if _is_error(line)]
        return f"{failed.task_id}: {_sentence(errors[0])}" if errors else failed.task_id

    def xcoms(self, run: DagRun) -> dict[str, Any]:
        """Return what each task of a run counted, by task."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        found = {}
        for task in run.tasks:
            answer = self._call(
                "GET",
                f"{path}/{task.task_id}/xcomEntries/return_value",
                params={"deserialize": "true"},
                accept=(404,),
            )
            found[task.task_id] = answer.get("value") or {}
        return found

    def _call(
        self,
        method: str,
        path: str,
        *,
        accept: tuple[int, ...] = (),
        **arguments: Any,
    ) -> dict[str, Any]:
        try:
            if "authorization" not in self._http.headers:
                self._log_in()
            answer = self._http.request(method, path, **arguments)
            if answer.status_code == 401:  # a token ends after a day
                self._log_in()
                answer = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise AirflowError(
                f"Airflow does not answer at {self._http.base_url} ({error}); is it running?"
            ) from None
        if answer.is_error and answer.status_code not in accept:
            raise AirflowError(
                f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:300]}"
            )
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    def _log_in(self) -> None:
        self._http.headers.pop("authorization", None)
        answer = self._http.post("/auth/token", json=self._login)
        if answer.status_code != 201:
            raise AirflowError(
                f"Airflow did not let {self._login['username']} in ({answer.status_code}); "
                "the passwords are in airflow/passwords.json of the profile."
            )
        self._http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"


def _is_error(line: Any) -> bool:
    return isinstance(line, dict) and line.get("level") in ("error", "critical")


def _sentence(line: dict[str, Any]) -> str:
    """Return what a structured log line tells: the exception's text before the bare event."""
    details = line.get("error_detail") or []
    if details:
        return f"{details[-1].get('exc_type')}: {details[-1].get('exc_value')}"
    return str(line.get("event", ""))
