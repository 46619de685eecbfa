"""The sender as a process of its own, for tests that kill it."""

from multiprocessing.connection import Connection

from baton.core import settings as core_settings
from baton.core.ids import new_id
from baton.delivery import steps
from baton.warehouse.connect import connect, scalar
from baton.warehouse.run import open_run


def chain(environ: dict[str, str], started: Connection) -> None:
    """Run message_delivery once: enqueue, release (the gate's part), send.

    Like a gate it releases all that waits: a run that was killed before its own release is among it.
    """
    settings = core_settings.load(environ)
    with connect(settings.database_url) as conn:
        now = scalar(conn, "select ops.now()")
    run = open_run(settings, "delivery", "message_delivery", new_id("chaos"), now, now)
    started.send("ready")
    steps.enqueue(run)
    with connect(settings.database_url) as conn:
        conn.execute(
            "update ops.run set released_at = ops.now() where dag_id = %s and released_at is null",
            (run.dag_id,),
        )
    steps.send(run)
