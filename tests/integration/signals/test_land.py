"""Signals land once, whatever the sources do."""
import pytest
from baton.signals import steps

def test_first(make_run, ask):
    run = make_run("signals", "signal_ingestion")
    print(steps.land(run))
    print(ask("select source, signal_type, count(*), count(domain) from landing.signal group by 1,2 order by 1,2"))
    print(ask("select source, reason, left(payload,80) from landing.quarantine"))
    print(ask("select source,received,accepted,duplicates,quarantined from landing.intake"))
    print(ask("select name,value from ops.watermark"))
    print(steps.land(make_run("signals", "signal_ingestion")))

def test_refresh(make_run, ask):
    run = make_run("signals", "list_refresh")
    import time
    t=time.time(); print(steps.refresh(run), time.time()-t)
    print(ask("select on_watchlist, count(*), count(owner_rep_id), count(domain), min(name), min(industry) from ops.account group by 1"))
    print(ask("select count(*), count(email), count(full_name), count(timezone) from ops.contact"))
    print(ask("select * from ops.rep"))
    print(ask("select outcome, count(*), sum(amount), count(account_key), count(contact_key), count(closed_at) from landing.opportunity group by 1"))
    print(ask("select industry, count(*) from ops.account group by 1"))
    t=time.time(); print(steps.refresh(make_run("signals", "list_refresh")), time.time()-t)
