"""The database under the stores: how it is opened, and how its schema came to be.

One SQL, two engines: SQLite in write-ahead mode on one machine, PostgreSQL across machines. Rooms keep their tables in their
own ``store.py``; numbered Alembic revisions in ``migrations/versions`` make them. Callers are synchronous, and in an event
loop go through a thread: nothing on the request path waits for a database.
"""
