"""The list of gateways."""

from datetime import timedelta

from services.messaging.config import CloudMasSettings, GatewaySettings, MessagingSettings
from services.messaging.dispatch.models import GatewayLane
from shared import clock
from shared.database import insert_rows
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears


async def test_gateways_show_how_they_do_and_who_cannot_be_asked(
    runtime: Runtime, keyring: KeyRing, caller: Caller, ears: Ears, phones: PhoneBook
) -> None:
    """A2-13: adapters without query are flagged."""
    account = CloudMasSettings(ec_name="secret-account", ap_id="a", sign="s")
    mas = GatewaySettings(kind="cloud_mas", url="http://mas.test", rate=50, cloud_mas=account)
    runtime.keyring = keyring.with_secret("gateway:mas", "theirs")
    runtime.settings = MessagingSettings(data=runtime.settings.data, messaging_gateways={"mas": mas})
    await ears.hear(people.a_hall(), people.a_customer(phones))
    until = clock.now() + timedelta(minutes=1)
    async with runtime.database.transaction() as session:
        await insert_rows(session, GatewayLane, [GatewayLane(gateway="mas", failures=4, paused_until=until)])
    answer = await caller("admin").get("/messaging/v1/gateways")
    assert "secret-account" not in answer.text
    simulator, mas_shown = answer.json()["items"]
    assert (simulator["name"], simulator["can_be_asked"], simulator["queued"]) == ("simulator", True, 1)
    assert (mas_shown["can_be_asked"], mas_shown["failures"], mas_shown["rate"]) == (False, 4, 50)
    assert mas_shown["paused_until"] is not None
    assert (await caller("regional_office").get("/messaging/v1/gateways")).status_code == 403
