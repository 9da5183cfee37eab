"""Forms made from Pydantic models: fields, checks and messages all come from the model."""

from webos.ui.form.auto_form import AutoForm, add_form

__all__ = ["AutoForm", "add_form"]
