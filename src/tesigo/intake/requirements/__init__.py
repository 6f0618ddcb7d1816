"""What a university asks of a document, understood from the text of its rules; each value with its sentence."""
