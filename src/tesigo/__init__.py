"""TesiGo writes long, cited academic documents together with their author."""

__version__ = "0.1.0"
