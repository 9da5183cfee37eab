"""Fixtures of the security cases: the same sites as the integration tests have."""

from tests.integration.auth.conftest import mail_site, mailbox, site

__all__ = ["mail_site", "mailbox", "site"]
