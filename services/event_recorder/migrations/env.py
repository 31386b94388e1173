"""What Alembic runs: every pending revision, in the transaction of the connection that `migrate` hands over."""

from alembic import context

from services.event_recorder.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by copying it; other engines ignore this.
    render_as_batch=True,
)
context.run_migrations()
