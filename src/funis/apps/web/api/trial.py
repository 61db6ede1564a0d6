"""The answers behind the page Trial."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/trial", tags=["trial"])
