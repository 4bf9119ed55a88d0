"""How requests travel: the HTTP client, the background loop, delays before retries, and what each request came to.

Called by the endpoints of this package only. It never touches the call cache or the journal.
"""
