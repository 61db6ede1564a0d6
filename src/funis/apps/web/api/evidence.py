"""The answers behind the page Evidence."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/evidence", tags=["evidence"])
