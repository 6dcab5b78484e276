from tests.support.towns import district, town  # noqa: F401 - fixtures
