"""OpenAI's Batch API: all questions handed in at once, at half the price, answered within a day.

Called where an endpoint has ``mode: batch``; answers go into the same call cache as those of single requests.
"""
