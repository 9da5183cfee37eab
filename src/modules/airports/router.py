from fastapi import APIRouter

from webos.sdk import rest_router

from .models import Airport, Weather

router = APIRouter()
router.include_router(rest_router(Airport))
router.include_router(rest_router(Weather, prefix="/weather"))
