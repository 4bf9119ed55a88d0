"""OpenAI's Batch API: all requests are submitted at once, at half the price, and answered within a day.

Used if an endpoint has ``mode: batch``; answers go into the same call cache as those of single requests.
"""
