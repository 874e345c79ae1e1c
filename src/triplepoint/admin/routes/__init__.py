"""Handlers, one file a noun. `app.create_admin` puts their routers together."""
