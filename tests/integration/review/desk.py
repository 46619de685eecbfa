"""The review desk of tests: drafts that are written and released, and the people who decide."""

from baton.drafting.steps import draft
from baton.playbook.roles import Person
from baton.review import queue
from baton.review.decide import Choice
from tests.integration.drafting.funnel import CLARA, OWEN, Funnel

ANNA = Person("anna", "reviewer")
CLARA_SIGNED_IN = Person("clara", "rep", CLARA[1])
OWEN_SIGNED_IN = Person("owen", "rep", OWEN[1])
VIEWER = Person("vera", "viewer")


class Desk(Funnel):
    """A funnel whose drafts are written and released, ready for decisions."""

    def drafted(self, *names: str, rep: tuple[str, str] = CLARA) -> list[Choice]:
        """Leads at accounts of these names, drafted and released; what a reviewer would decide on."""
        leads = [self.lead(name, rep=rep) for name in names]
        run = self.run("drafting", "draft_generation")
        draft(run)
        self.release(run)
        return [self.choice(lead.id) for lead in leads]

    def choice(self, lead_id: str) -> Choice:
        """The current revision of this lead's newest draft."""
        row = self.execute(
            "select d.id, d.current_revision, v.content_hash from ops.draft d join ops.revision v "
            "on v.draft_id = d.id and v.revision = d.current_revision where d.lead_id = %s "
            "order by d.created_at desc limit 1",
            (lead_id,),
        )[0]
        return Choice(*row)

    def state(self, draft_id: str) -> str:
        """The state of a draft."""
        return self.execute("select state from ops.draft where id = %s", (draft_id,))[0][0]

    def seen(self, draft_id: str, person: Person = ANNA) -> dict:
        """The draft as this person sees it."""
        with self.connection() as conn:
            return queue.open_draft(conn, person, draft_id)
