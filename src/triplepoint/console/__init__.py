"""The web console: what the control plane knows, for people.

Its first page, *Now*, shows each attempt as it is routed, priced and metered, how the upstreams are, and what it all costs;
beside it stand the active line-up and every receipt. It is NiceGUI, whose assets come in the wheel: no CDN, no Node, and no
page refers to another host.

Three things hold it together:

- **One poller** (`poller`) reads the ledger and asks the gateway, at most twice a second, however many browsers watch. What it
  read is a `Frame`, which is drawn once. A `viewer.Viewer` sends its browser what changed, and nothing more before the browser
  has drawn that: a slow or hidden tab costs nothing.
- **One door** (`door`) stands in front of everything that NiceGUI serves, its web socket and assets included. It opens to the
  session cookie of the admin API, so one login is good for both; nothing is shown, or loaded, before.
- **Words from callers are data** (`markup`): names of models, tags and ids are escaped where HTML is made, and there is only
  one place where it is.

Everything shown is in the admin API too; each page links to its JSON twin.
"""
