"""Alembic's entry: runs the migrations inside the transaction that `Database.upgrade` has opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
