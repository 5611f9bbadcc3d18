"""A PostgreSQL for the tests of this folder."""

from tests.support.postgresql import postgresql, postgresql_url

__all__ = ["postgresql", "postgresql_url"]
