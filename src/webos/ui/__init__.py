"""The interface: shell, pages, palette, forms, the data explorer. The only package that imports NiceGUI."""
