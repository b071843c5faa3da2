"""What is done with the archive. The caller opens the transaction and commits; events go through its outbox."""

from services.customer.archive.usecases.consents import (
    ChangeConsent,
    WithdrawBySms,
    change_consent,
    withdraw_by_sms,
)
from services.customer.archive.usecases.editing import (
    EditCustomer,
    edit_customer,
    put_customer,
    revise_customers,
)
from services.customer.archive.usecases.numbers import RevealPhone, StoreNumber, reveal_phone, store_number
from services.customer.archive.usecases.registering import (
    RegisterCustomer,
    register_customer,
    register_customers,
)
from services.customer.archive.usecases.resync import say_customers_again

__all__ = [
    "ChangeConsent",
    "EditCustomer",
    "RegisterCustomer",
    "RevealPhone",
    "StoreNumber",
    "WithdrawBySms",
    "change_consent",
    "edit_customer",
    "put_customer",
    "register_customer",
    "register_customers",
    "reveal_phone",
    "revise_customers",
    "say_customers_again",
    "store_number",
    "withdraw_by_sms",
]
