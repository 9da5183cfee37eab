"""Sagas: steps that are undone, in reverse, when a later one fails; they outlive their process."""

from webos.tasks.saga.base import Saga
from webos.tasks.saga.handle import SagaHandle
from webos.tasks.saga.record import SagaEntry, SagaRecord, SagaState
from webos.tasks.saga.service import SagaService
from webos.tasks.saga.step import collect_sagas, step

__all__ = ["Saga", "SagaEntry", "SagaHandle", "SagaRecord", "SagaService", "SagaState", "collect_sagas", "step"]
