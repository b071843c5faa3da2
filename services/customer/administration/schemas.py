"""What the administrator's forms may say."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Username = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_.-]{2,64}$")]
ClientId = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_.-]{2,64}$")]
Display = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
StaffNo = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z0-9]{3,20}$")]
Place = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
UserRole = Literal["clerk", "hall_manager", "county_manager", "regional_office", "auditor", "admin"]
ClientRole = Literal[
    "pos", "gateway", "hall_manager", "county_manager", "regional_office", "auditor", "admin"
]


class Form(BaseModel):
    """A form as it was filled in: empty fields are left out before."""

    model_config = ConfigDict(extra="forbid")


class UserForm(Form):
    """Somebody who signs in; with a staff number the directory says what and where they are."""

    display: Display | None = None
    role: UserRole | None = None
    county: Place | None = None
    hall: Place | None = None
    staff_no: StaffNo | None = None


class UserCreate(UserForm):
    """A new user."""

    username: Username


class ClientCreate(Form):
    """A new program."""

    client_id: ClientId
    name: Title
    role: ClientRole
    county: Place | None = None
    hall: Place | None = None
