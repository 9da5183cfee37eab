"""The pages with one form about second factors: what each of them asks and says."""

from webos.auth.factors.enrolling import ENROLMENT
from webos.auth.form_page import FormField, FormPage, PageLink

__all__ = ["FactorForms"]

_SIGNED_OUT = "You will be signed out on all other devices."


class FactorForms:
    """Builds the pages."""

    __slots__ = ()

    def remove_app(self) -> FormPage:
        """Ask whether the app shall be removed."""
        return FormPage(
            title="Remove the authenticator app?",
            lead=f"Its codes will not count any more. {_SIGNED_OUT}",
            action=f"{ENROLMENT}/app/remove",
            submit="Remove the app",
            links=(_to_account(),),
        )

    def codes(self) -> FormPage:
        """Ask whether new recovery codes shall be made."""
        return FormPage(
            title="Make new recovery codes?",
            lead="You get ten new ones. The former ones will not count any more.",
            action=f"{ENROLMENT}/codes",
            submit="Make new codes",
            links=(_to_account(),),
        )

    def rename(self, passkey_id: str, name: str) -> FormPage:
        """Ask what a passkey shall be called."""
        return FormPage(
            title="Rename the passkey",
            action=f"{ENROLMENT}/passkeys/{passkey_id}/rename",
            submit="Save",
            fields=(FormField(name="name", label="Name", least=1, most=64),),
            links=(_to_account(),),
            values={"name": name},
        )

    def remove_passkey(self, passkey_id: str, name: str) -> FormPage:
        """Ask whether a passkey shall be removed."""
        return FormPage(
            title=f"Remove “{name}”?" if name else "Remove the passkey?",
            lead=f"You will not be able to sign in with it any more. {_SIGNED_OUT}",
            action=f"{ENROLMENT}/passkeys/{passkey_id}/remove",
            submit="Remove the passkey",
            links=(_to_account(),),
        )


def _to_account() -> PageLink:
    return PageLink("/account", "Back to your account")
