"""Text for people: prompts, voices, evidence, checks, and the ledger of every prompt and answer.

Owns ops.generation, ops.draft, ops.revision, ops.claim and ops.lint_finding. Text from outside is
data in here: recipients, links, senders and approvals are chosen by code from our own rows.
"""
