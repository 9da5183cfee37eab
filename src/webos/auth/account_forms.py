"""The pages on which people come, prove their address and change their password: what each of them asks and says."""

from webos.auth.form_page import FormField, FormPage, PageLink
from webos.auth.passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH

__all__ = ["AccountForms"]

_USERNAME_HINT = "Letters, digits and . _ @ + -"


class AccountForms:
    """Builds the pages."""

    __slots__ = ()

    def forgot(self) -> FormPage:
        """Ask who forgot his password."""
        return FormPage(
            title="Forgot your password?",
            lead="Enter your user name or e-mail address. You will get a mail with a link to choose a new password.",
            action="/auth/forgot",
            submit="Send the link",
            fields=(FormField(name="identifier", label="User name or e-mail", autocomplete="username"),),
            links=(_to_sign_in(),),
        )

    def forgot_sent(self) -> FormPage:
        """Say that a mail is on its way, if there is somebody to get it."""
        return self.message(
            "Look into your mail",
            "If there is such a user and we know an address, a mail is on its way. Its link works for an hour.",
        )

    def reset(self) -> FormPage:
        """Ask for a new password."""
        return FormPage(
            title="Choose a new password",
            lead="You will be signed out on all devices.",
            action="/auth/reset",
            submit="Change the password",
            fields=(_code(), _new_password("password", "New password")),
            links=(_to_sign_in(),),
        )

    def register(self) -> FormPage:
        """Ask for the address of a new user."""
        return FormPage(
            title="Make your account",
            lead="Enter your e-mail address. You will get a mail with a link to go on.",
            action="/auth/register",
            submit="Send the link",
            fields=(FormField(name="email", label="E-mail", kind="email", autocomplete="email"),),
            links=(_to_sign_in(),),
        )

    def register_sent(self) -> FormPage:
        """Say that a mail is on its way."""
        return self.message("Look into your mail", "A mail is on its way. Its link works for 7 days.")

    def join(self) -> FormPage:
        """Ask a new user how he wants to be called."""
        return FormPage(
            title="Make your account",
            lead="Choose a user name and a password.",
            action="/auth/join",
            submit="Make the account",
            fields=(
                _code(),
                FormField(
                    name="username", label="User name", autocomplete="username", hint=_USERNAME_HINT, least=1, most=64
                ),
                FormField(
                    name="display_name",
                    label="Your name",
                    autocomplete="name",
                    hint="As others shall see it",
                    most=100,
                    required=False,
                ),
                _new_password("password", "Password"),
            ),
            links=(_to_sign_in(),),
        )

    def verify(self) -> FormPage:
        """Ask for a click that proves an address: looking at a link must change nothing."""
        return FormPage(
            title="Confirm your address",
            action="/auth/verify",
            submit="Confirm",
            fields=(_code(),),
        )

    def password(self) -> FormPage:
        """Ask somebody who is signed in for his current and a new password."""
        return FormPage(
            title="Change your password",
            lead="You will be signed out on all other devices.",
            action="/auth/password",
            submit="Change the password",
            fields=(_current_password(), _new_password("password", "New password")),
            links=(_to_account(),),
        )

    def email(self) -> FormPage:
        """Ask somebody who is signed in for his current password and a new address."""
        return FormPage(
            title="Change your e-mail address",
            lead="The new address gets a mail with a link. It becomes yours when you follow it.",
            action="/auth/email",
            submit="Send the link",
            fields=(
                FormField(name="email", label="New e-mail", kind="email", autocomplete="email"),
                _current_password(),
            ),
            links=(_to_account(),),
        )

    def email_sent(self) -> FormPage:
        """Say that a mail is on its way to the new address."""
        return self.message(
            "Look into your mail",
            "If the address is free, a mail is on its way to it. Its link works for a day.",
            back=True,
        )

    def message(self, title: str, text: str, *, back: bool = False) -> FormPage:
        """Say something.

        Args:
            title: Heading.
            text: What to say.
            back: Whether to lead back to the account instead of to the sign-in page.
        """
        return FormPage(title=title, lead=text, links=(_to_account() if back else _to_sign_in(),))


def _code() -> FormField:
    return FormField(
        name="code",
        label="Code",
        autocomplete="one-time-code",
        hint="It is in the mail, below the link",
        most=64,
    )


def _new_password(name: str, label: str) -> FormField:
    hint = f"At least {MIN_PASSWORD_LENGTH} characters"
    return FormField(
        name=name,
        label=label,
        kind="password",
        autocomplete="new-password",
        hint=hint,
        least=MIN_PASSWORD_LENGTH,
        most=MAX_PASSWORD_LENGTH,
    )


def _current_password() -> FormField:
    return FormField(
        name="current",
        label="Current password",
        kind="password",
        autocomplete="current-password",
        most=MAX_PASSWORD_LENGTH,
    )


def _to_sign_in() -> PageLink:
    return PageLink("/login", "Back to sign-in")


def _to_account() -> PageLink:
    return PageLink("/account", "Back to your account")
