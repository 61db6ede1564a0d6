"""The answers behind the page Model."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/model", tags=["model"])
