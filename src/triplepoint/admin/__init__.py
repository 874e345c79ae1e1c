"""The control plane's API: everything that the console and the command line can do, under ``/api``.

Denied by default: each route stands with the role that it needs in one table (`guard.RULES`), and a route that does not stand
there cannot be made. Who calls shows a session cookie or ``Authorization: Bearer tpo-…``; the services behind check the role
once more. Handlers are thin and synchronous (they run in threads): read the request, call a service, write the answer.
"""
