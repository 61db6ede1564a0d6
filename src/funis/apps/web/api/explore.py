"""The answers behind the page Explore."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/explore", tags=["explore"])
