"""All tables of the house, gathered for migrations."""

import tesigo.accounts.models
import tesigo.adapters.search_answers
import tesigo.documents.models
import tesigo.generation.models
import tesigo.usage.models
from tesigo.kit.db import Row

METADATA = Row.metadata
