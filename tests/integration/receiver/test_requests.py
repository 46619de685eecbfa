from starlette.testclient import TestClient
from sandbox import keys as k
import time, json
from dataclasses import replace
from pathlib import Path
import pytest
from baton.receiver.app import create_app
from baton.warehouse.connect import connect

def test_x(settings):
    keys=k.generate()
    settings=replace(settings, environ={**settings.environ, **keys.environment()})
    c=TestClient(create_app(settings))
    print(c.get("/healthz").json())
    ev=json.dumps([{"event":"delivered","timestamp":int(time.time()),"email":"A@b.example","baton_send_key":"snd_1","sg_message_id":"x.y"},{"event":"bounce"},5]).encode()
    ts=str(int(time.time()))
    def post(): return c.post("/webhooks/sendgrid/events",content=ev,headers={"X-Twilio-Email-Event-Webhook-Timestamp":ts,"X-Twilio-Email-Event-Webhook-Signature":keys.sign_events(ts,ev)})
    print(post().text, post().text)
    for f in Path("/work/shared/data/sendgrid_inbound").glob("*.txt"):
        r=c.post(f"/webhooks/sendgrid/inbound/{keys.inbound_token}", content=f.read_bytes(), headers={"content-type":"multipart/form-data; boundary=xYzZY"}); print(r.status_code, r.text)
    with connect(settings.database_url) as conn:
        for r in conn.execute("select natural_key,occurred_at,sender,recipient,subject,left(headers,60),body,payload from landing.inbound_message"): print(r)
    t=time.time()
    for i in range(50): post()
    print((time.time()-t)/50)
