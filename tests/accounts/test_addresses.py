"""An address is one person's, however it is written, and is carried as what it is."""

import pytest

from tesigo.accounts.addresses import address_to_carry, is_among, normalise_address
from tesigo.accounts.errors import AddressNotValid


@pytest.mark.parametrize(
    "text",
    [
        "=?utf-8?q?v=69ctim?=@example.com",
        "=?utf-8?q?=3a=3b=20b?=@example.com",
        "=?utf-8?q??=@example.com",
        "=?utf-8?q?=0d=0aBcc=3aa?=@example.com",
        "a=?b@example.com",
    ],
)
def test_no_address_can_be_read_as_another_one(text: str):
    with pytest.raises(AddressNotValid):
        normalise_address(text)
    with pytest.raises(AddressNotValid):
        address_to_carry(text)


@pytest.mark.parametrize(
    "text", ["deleted_2@deleted.com", " DELETED_02@Deleted.COM", "deleted_2@deleted。com"]
)
def test_nobody_has_the_address_of_a_deleted_account(text: str):
    with pytest.raises(AddressNotValid) as refusal:
        normalise_address(text)
    assert "another" in refusal.value.message


@pytest.mark.parametrize(
    "text",
    ["deleted@deleted.com", "deleted_2@example.com", "deleted_2x@deleted.com", "o'b+x=y?z@example.com"],
)
def test_addresses_that_only_look_alike_are_good(text: str):
    assert normalise_address(text) == address_to_carry(text) == text


def test_a_domain_is_carried_in_ascii_and_compared_in_unicode():
    carried = "ivan@xn--80a1acn3a.xn--j1amh"
    assert normalise_address(carried) == "ivan@пошта.укр"
    assert address_to_carry("ivan@пошта.укр") == carried
    assert address_to_carry("іван@пошта.укр") == "іван@пошта.укр"


def test_an_address_is_found_among_others_however_they_are_written():
    written = ("no address", "Boss@XN--80a1acn3a.xn--j1amh", "rene\u0301e@example.com")
    assert is_among("boss@пошта.укр", written)
    assert is_among("ren\u00e9e@example.com", written)
    assert not is_among("boss@example.com", written)
