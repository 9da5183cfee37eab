"""The business logic."""

from webos.sdk import BaseService, NotFoundError, require_permission

from .models import Fields, Job, QuietJob, State


class WorkshopService(BaseService):
    """Makes and changes jobs."""

    @require_permission("workshop.write")
    async def create(self, values: Fields, *, recorded: bool) -> Job | QuietJob:
        """Store a new job."""
        model = Job if recorded else QuietJob
        return await model(**values.model_dump()).insert()

    @require_permission("workshop.write")
    async def finish(self, identity: str, hours: float, *, recorded: bool) -> Job | QuietJob:
        """Add hours to a job and turn its state."""
        model = Job if recorded else QuietJob
        job = await model.get(identity)
        if job is None:
            msg = f"no such {model.__name__}"
            raise NotFoundError(msg)
        job.hours += hours
        job.state = State.OPEN if job.state is State.DONE else State.DONE
        await job.save()
        return job
