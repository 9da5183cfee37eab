"""The error for what the guard does not allow at all."""

from webos.kernel.errors import PermissionDeniedError

__all__ = ["GuardRefusalError"]


class GuardRefusalError(PermissionDeniedError):
    """The operation would go round the rules of the collection; module code has to be changed."""

    code = "webos.guard_refusal"
    title = "This access to the data is not allowed"

    def _default_user_message(self, message: str) -> str:
        del message
        return self.title
