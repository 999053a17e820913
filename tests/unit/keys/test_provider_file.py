from __future__ import annotations

import pytest

from commonweal.vault.keys.provider import FileProvider
from commonweal.vault.keys.root_store import RootStore
from tests.unit.keys.provider_battery import ProviderBattery
from tests.unit.keys.support import root_store


class TestFileProvider(ProviderBattery):
    @pytest.fixture
    def store(self, tmp_path):
        return root_store(tmp_path)

    @pytest.fixture
    def provider(self, store):
        return FileProvider(store)

    @pytest.fixture
    def reopened(self, store):
        return FileProvider(RootStore.open(store.path, store.home_id))

    def test_the_half_is_gone_from_the_disk(self, provider, store, place):
        from commonweal.vault.keys.secret import Secret

        provider.wrap(place, Secret.generate())
        half = store.half(place.key_id).use()
        provider.destroy(place.key_id)
        assert list((store.path / "halves").iterdir()) == []
        assert not any(half in p.read_bytes() for p in store.path.rglob("*") if p.is_file())
