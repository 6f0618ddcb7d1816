"""From a manuscript to files: PDF, DOCX and the rest, by norms and citation styles."""
