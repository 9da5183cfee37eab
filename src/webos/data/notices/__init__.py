"""What users have been told: kept for them in the database, and made known to every process at once."""

from webos.data.notices.notice import Notice
from webos.data.notices.service import NoticeService

__all__ = ["Notice", "NoticeService"]
