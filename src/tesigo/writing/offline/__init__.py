"""The offline writer's parts: topics from what was found, headings from its phrases, sentences of our own."""
