"""The answers behind the page Home."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/home", tags=["home"])
