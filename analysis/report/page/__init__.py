"""index.html: pages of sections, and how a section, a figure and a comparison are shown."""
