"""The stages of writing and their order, and the composers that propose outlines and write sections."""
