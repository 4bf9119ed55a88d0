"""How requests travel: the HTTP client, the background loop, delays before retries, and the outcome of each request.

Called by the endpoints of this package only. It never touches the call cache or the journal.
"""
