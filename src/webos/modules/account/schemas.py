from pydantic import BaseModel, ConfigDict, Field


class Profile(BaseModel):
    """What others see."""

    display_name: str = Field(default="", max_length=100, title="Your name", description="As others shall see it")


class NewKey(BaseModel):
    """What a new API key is limited to."""

    model_config = ConfigDict(title="API key")

    name: str = Field(min_length=1, max_length=64, description="What it is for")
    scopes: str = Field(
        min_length=1,
        max_length=1000,
        title="Permissions",
        description="Such as inventory.read or inventory.*, separated by spaces; * for all that you may",
    )
    days: int | None = Field(default=90, ge=1, le=3650, description="Days until it ends; empty for never")
