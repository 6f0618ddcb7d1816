"""From a question to ranked evidence: search, merge, rank, passages."""
