"""Making, reading, changing and listing the documents of one model for programs: schemas, filters, pages, states.

Routes and services of the SDK stand on this. Nothing here knows FastAPI.
"""
