"""The interface: shell, pages, palette, forms, the data explorer. The only package that imports NiceGUI.

It knows the kernel, data, events, tasks and auth; it must not import the SDK, the server or a module.
"""

from webos.ui.admin_area import AdminArea
from webos.ui.interface import Interface
from webos.ui.layout import LayoutManager
from webos.ui.mount import mount_interface
from webos.ui.page import Page

__all__ = ["AdminArea", "Interface", "LayoutManager", "Page", "mount_interface"]
