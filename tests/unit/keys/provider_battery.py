"""The contract of a key provider: every provider that is ever written must pass this battery.

Subclass `ProviderBattery`, name the class `Test...` and give it a `provider` fixture that makes a
provider, and a `reopened` fixture that makes another over the same keys (as a new process would).
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.keys.provider import KeyProvider, Place
from commonweal.vault.keys.secret import Secret

KEY_ID = "0a" * 16
REFUSALS = {"CW-KEY-UNAVAILABLE", "CW-KEY-BROKEN"}


class ProviderBattery:
    @pytest.fixture
    def place(self) -> Place:
        return Place(KEY_ID, None, b"bound to this")

    def refused(self, provider: KeyProvider, place: Place, wrapped: bytes) -> None:
        with pytest.raises(CommonwealError) as caught:
            provider.unwrap(place, wrapped)
        assert caught.value.code in REFUSALS

    def test_what_was_wrapped_opens(self, provider, reopened, place):
        key = Secret.generate()
        wrapped = provider.wrap(place, key)
        assert provider.unwrap(place, wrapped) == key
        assert reopened.unwrap(place, wrapped) == key

    def test_the_key_does_not_show_in_its_wrapping(self, provider, place):
        key = Secret.generate()
        wrapped = provider.wrap(place, key)
        assert key.use() not in wrapped
        assert key.use()[:8] not in wrapped

    def test_wrapping_twice_gives_different_bytes_and_both_open(self, provider, place):
        key = Secret.generate()
        first, second = provider.wrap(place, key), provider.wrap(place, key)
        assert first != second
        assert provider.unwrap(place, first) == provider.unwrap(place, second) == key

    def test_another_binding_or_parent_or_id_does_not_open(self, provider, place):
        wrapped = provider.wrap(place, Secret.generate())
        self.refused(provider, replace(place, binding=b"bound to that"), wrapped)
        self.refused(provider, replace(place, parent=Secret.generate()), wrapped)
        self.refused(provider, replace(place, key_id="0b" * 16), wrapped)
        other = replace(place, key_id="0c" * 16)
        provider.wrap(other, Secret.generate())
        self.refused(provider, other, wrapped)

    def test_every_changed_bit_is_refused(self, provider, place):
        wrapped = provider.wrap(place, Secret.generate())
        for bit in range(len(wrapped) * 8):
            changed = bytearray(wrapped)
            changed[bit // 8] ^= 1 << bit % 8
            self.refused(provider, place, bytes(changed))

    @pytest.mark.parametrize("cut", [0, 1, 12, 31, -1])
    def test_a_cut_or_longer_wrapping_is_refused(self, provider, place, cut):
        wrapped = provider.wrap(place, Secret.generate())
        self.refused(provider, place, wrapped[:cut])
        self.refused(provider, place, wrapped + b"\x00")

    def test_a_signature_verifies_and_a_second_one_is_the_same(self, provider, place):
        key = Secret.generate()
        wrapped = provider.wrap(place, key)
        public = Ed25519PrivateKey.from_private_bytes(key.use()).public_key()
        signature = provider.sign(place, wrapped, b"a message")
        public.verify(signature, b"a message")
        assert provider.sign(place, wrapped, b"a message") == signature

    def test_nothing_opens_or_signs_after_destruction_also_not_copies(
        self, provider, reopened, place
    ):
        copies = [provider.wrap(place, Secret.generate()) for _ in range(3)]
        provider.destroy(place.key_id)
        for copy in copies:
            self.refused(provider, place, copy)
            self.refused(reopened, place, copy)
            with pytest.raises(CommonwealError) as caught:
                provider.sign(place, copy, b"a message")
            assert caught.value.code in REFUSALS

    def test_destroying_twice_or_what_never_was_is_quiet(self, provider, place):
        provider.wrap(place, Secret.generate())
        provider.destroy(place.key_id)
        provider.destroy(place.key_id)
        provider.destroy("0d" * 16)

    def test_destruction_leaves_other_keys_alone(self, provider, place):
        other = replace(place, key_id="0e" * 16)
        key = Secret.generate()
        wrapped = provider.wrap(other, key)
        provider.wrap(place, Secret.generate())
        provider.destroy(place.key_id)
        assert provider.unwrap(other, wrapped) == key

    def test_it_shows_nothing_of_itself(self, provider):
        assert "Provider" in repr(provider)
        assert len(repr(provider)) < 80
