"""Sends what is queued: several requests at once, at most one for a message, ever.

A thread claims one message, asks the vendor once and settles the answer, then takes the next. Nothing
is claimed ahead, so a sender that is killed leaves no more open attempts than it had threads.
"""

import hashlib
import logging
import queue
import threading
from collections import Counter
from dataclasses import dataclass, field

from baton.clients.mail import Ambiguous, Answer, Mailer, Refused, Rejected, Throttled
from baton.contactability import caps, rules
from baton.contactability.policy import Policy
from baton.core.errors import InputError, VendorError, VendorUnavailable
from baton.delivery import attempts, transitions, workers
from baton.playbook.thresholds import Delivery
from baton.warehouse.connect import connect
from baton.warehouse.run import Run

log = logging.getLogger("baton.delivery")


@dataclass
class _Round:
    """What the threads of one sender share."""

    waiting: "queue.SimpleQueue[str]"
    give_up_after: int
    counts: Counter[str] = field(default_factory=Counter)
    in_vain: int = 0
    problem: Exception | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> str | None:
        """Return the next message to try, or None when there is none or sending had to stop."""
        with self.lock:
            if self.problem is not None:
                return None
        try:
            return self.waiting.get_nowait()
        except queue.Empty:
            return None

    def note(self, word: str) -> None:
        """Count what became of one message."""
        with self.lock:
            self.counts[word] += 1

    def stop(self, problem: Exception) -> None:
        """Let the threads end after what they have in hand; the first problem counts."""
        with self.lock:
            self.problem = self.problem or problem

    def answered(self, answer: Answer) -> None:
        """Stop where going on would only burn messages: a wrong key, or a vendor that is down."""
        if isinstance(answer, Refused) and answer.status_code is not None:
            self.stop(VendorError(f"{answer.detail}; nothing more is sent until that is mended."))
        if not isinstance(answer, Refused | Ambiguous):
            self.in_vain = 0
            return
        with self.lock:
            self.in_vain += 1
            enough = self.in_vain >= self.give_up_after
        if enough:
            self.stop(VendorUnavailable(
                f"The mail vendor failed {self.in_vain} times in a row, last: {answer.detail}. "
                "What is still queued is tried again with the next run."
            ))  # fmt: skip


def send(run: Run, policy: Policy, limits: Delivery, mailer: Mailer) -> dict[str, int]:
    """Send what may go now. Returns counts by what became of the messages.

    Raises VendorUnavailable or VendorError when the vendor makes going on pointless; whatever was
    done until then is kept, and calling again goes on.
    """
    with run.connect() as conn:
        caps.grant(conn, policy)
        verdicts = rules.judge(conn, policy)
        moved = transitions.apply(conn, verdicts)
    work = _Round(queue.SimpleQueue(), limits.give_up_after)
    for verdict in verdicts:
        if verdict.action == "send":
            work.waiting.put(verdict.message_id)
        else:
            work.counts[f"not_sent_{verdict.reason}"] += 1
    with workers.lease(run.settings.database_url) as worker:
        threads = [
            threading.Thread(target=_work, args=(run, policy, mailer, worker, work), daemon=True)
            for _ in range(min(limits.workers, max(1, work.waiting.qsize())))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if work.problem is not None:
        log.warning("stopped after %s", dict(work.counts))
        raise work.problem
    return {**moved, **dict(sorted(work.counts.items()))}


def _work(run: Run, policy: Policy, mailer: Mailer, worker: str, work: _Round) -> None:
    """Take messages until there are none. Whatever goes wrong stops the round, and `send` raises it."""
    try:
        with connect(run.settings.database_url, autocommit=True) as conn:
            while (message_id := work.next()) is not None:
                claimed = attempts.claim(conn, policy, worker, run.id, message_id)
                if isinstance(claimed, str):
                    work.note(f"not_sent_{claimed}")
                    continue
                answer = ask(mailer, claimed)
                work.note(attempts.settle(conn, claimed, answer, run.id))
                if isinstance(answer, Throttled):
                    attempts.delay_mailbox(conn, claimed.mailbox, answer.retry_after)
                work.answered(answer)
    except Exception as error:
        work.stop(error)


def ask(mailer: Mailer, attempt: attempts.Attempt) -> Answer:
    """Ask the vendor once, for exactly the bytes that were approved."""
    if hashlib.sha256(attempt.rendered).hexdigest() != attempt.content_hash:
        return Rejected("The content is not what was approved; it was not sent.")
    try:
        mail = attempt.mail()
    except InputError as error:
        return Rejected(str(error))
    return mailer.send(mail)
