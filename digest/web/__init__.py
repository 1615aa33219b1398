"""The site and its doors over HTTP: pages and feeds from memory, and the forms by which readers come and leave.

    serve(app, "127.0.0.1", 8000)

Everything works without scripts and without cookies. What a page may do is said in `headers`; the forms ask verbs of
`digest.work.subscribing` and decide nothing.
"""

from digest.web.beside import keep_up, serve_beside, serve_inherited
from digest.web.server import create_app, serve, serve_until
from digest.web.supply import can_be_apart

__all__ = ["can_be_apart", "create_app", "keep_up", "serve", "serve_beside", "serve_inherited", "serve_until"]
