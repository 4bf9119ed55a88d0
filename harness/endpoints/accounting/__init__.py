"""What requests cost: the journal of a run folder, and the totals, cost table and budgets derived from it.

Called by the endpoints of this package, and by runs and reports that show costs. It never sends a request.
"""
