"""The answers behind the page Plan."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/plan", tags=["plan"])
