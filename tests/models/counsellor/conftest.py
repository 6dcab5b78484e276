from tests.support.towns import town  # noqa: F401 - a fixture
