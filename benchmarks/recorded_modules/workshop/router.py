"""The API."""

from fastapi import APIRouter
from pydantic import BaseModel

from webos.sdk import Inject

from .models import Fields, Job, QuietJob
from .service import WorkshopService

router = APIRouter()


class Work(BaseModel):
    """What was done for a job."""

    hours: float


class JobRead(Fields):
    """A job as the API answers it."""

    id: str
    revision: int


@router.post("/jobs", status_code=201)
async def create(values: Fields, jobs: Inject[WorkshopService]) -> JobRead:
    """Store a job whose changes are recorded."""
    return _read(await jobs.create(values, recorded=True))


@router.post("/quiet-jobs", status_code=201)
async def create_quiet(values: Fields, jobs: Inject[WorkshopService]) -> JobRead:
    """Store a job whose changes are not."""
    return _read(await jobs.create(values, recorded=False))


@router.post("/jobs/{identity}/finish")
async def finish(identity: str, work: Work, jobs: Inject[WorkshopService]) -> JobRead:
    """Change a job whose changes are recorded."""
    return _read(await jobs.finish(identity, work.hours, recorded=True))


@router.post("/quiet-jobs/{identity}/finish")
async def finish_quiet(identity: str, work: Work, jobs: Inject[WorkshopService]) -> JobRead:
    """Change a job whose changes are not."""
    return _read(await jobs.finish(identity, work.hours, recorded=False))


def _read(job: Job | QuietJob) -> JobRead:
    return JobRead.model_validate({**job.model_dump(), "id": str(job.id)})
