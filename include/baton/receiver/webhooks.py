"""The routes below /webhooks. Each verifies first, then lands, then answers."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from baton.receiver import events, inbound, verify
from baton.receiver.desk import MAX_EVENTS_BYTES, Desk, NotConfigured, TooLarge, read_body
from baton.signals import text
from baton.signals.records import Reject

# SendGrid takes mail up to 30 MB, attachments included, before it is encoded.
MAX_INBOUND_BYTES = 45_000_000
_SENDGRID = "x-twilio-email-event-webhook-"


def sendgrid(desk: Desk) -> APIRouter:
    """Return the routes that SendGrid posts to."""
    routes = APIRouter(prefix="/webhooks/sendgrid")

    @routes.post("/events")
    async def email_events(request: Request) -> Response:
        if desk.secrets.sendgrid is None:
            raise NotConfigured("BATON_SENDGRID_WEBHOOK_KEY")
        body = await read_body(request, MAX_EVENTS_BYTES)
        verify.sendgrid(
            desk.secrets.sendgrid,
            request.headers.get(f"{_SENDGRID}timestamp"),
            request.headers.get(f"{_SENDGRID}signature"),
            body,
        )
        return await desk.take(
            "email_event", "sendgrid", lambda now: events.email_events(body, now)
        )

    @routes.post("/inbound/{token}")
    async def inbound_mail(request: Request, token: str) -> Response:
        if not desk.secrets.inbound:
            raise NotConfigured("BATON_INBOUND_TOKEN")
        if not verify.same(desk.secrets.inbound, token):
            return JSONResponse({"error": "There is nothing here."}, 404)
        kind = request.headers.get("content-type", "")
        try:
            body = await read_body(request, MAX_INBOUND_BYTES)
        except TooLarge as error:
            # Not 413: what is refused here is dropped without a word to anybody.
            reject = Reject(
                f"The post is over {MAX_INBOUND_BYTES:,} bytes.", text.excerpt(error.start)
            )
            return await desk.take("inbound_message", "sendgrid", lambda _: [reject])
        return await desk.take(
            "inbound_message", "sendgrid", lambda now: inbound.inbound(body, kind, now)
        )

    return routes


def signed(desk: Desk) -> APIRouter:
    """Return the routes whose posts carry Baton's own signature."""
    routes = APIRouter(prefix="/webhooks")

    @routes.post("/signals/{source}")
    async def signals(request: Request, source: str) -> Response:
        body = await desk.signed(request)
        if source not in desk.sources:
            return JSONResponse({"error": f"No webhook source is called {source[:40]}."}, 404)
        return await desk.take("signal_event", source, lambda now: events.signal_events(body, now))

    @routes.post("/transcripts")
    async def transcripts(request: Request) -> Response:
        body = await desk.signed(request)
        return await desk.take("transcript", "recorder", lambda now: events.transcripts(body, now))

    return routes


def bookings(desk: Desk) -> APIRouter:
    """Return the routes of the booking tools."""
    routes = APIRouter(prefix="/webhooks/bookings")

    @routes.post("/cal")
    async def cal(request: Request) -> Response:
        if not desk.secrets.cal:
            raise NotConfigured("BATON_CAL_SECRET")
        body = await read_body(request, MAX_EVENTS_BYTES)
        verify.cal(desk.secrets.cal, request.headers.get("x-cal-signature-256"), body)
        return await desk.take("booking_event", "cal", lambda now: events.bookings(body, now))

    return routes
