"""WebOS Framework: write a folder, get an application.

Modules import `webos.sdk` and nothing else of this package.
"""

__version__ = "0.1.0"
