"""Placeholder until the page is written."""

from fastapi import APIRouter

router = APIRouter(prefix="/report")


@router.get("")
def show() -> dict[str, str]:
    """Say that the page is on its way."""
    return {"page": "report"}
