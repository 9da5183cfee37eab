"""How much one may ask of the server: requests of each user to each module, and the size of what is sent.

It knows who acts, and nothing of routes but the marks that they carry.
"""

from webos.auth.limits.body import BodyLimitMiddleware, BodyTooLargeError, accepts_large_body
from webos.auth.limits.policy import RateLimits
from webos.auth.limits.rate import RateLimitMiddleware
from webos.auth.limits.route import RateLimitExceededError, RouteLimiter, check_route_limits, error_of
from webos.auth.limits.store import RateStore

__all__ = [
    "BodyLimitMiddleware",
    "BodyTooLargeError",
    "RateLimitExceededError",
    "RateLimitMiddleware",
    "RateLimits",
    "RateStore",
    "RouteLimiter",
    "accepts_large_body",
    "check_route_limits",
    "error_of",
]
