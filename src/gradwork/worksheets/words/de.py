"""German."""

TITLE = "Deutsch"

TEXTS = {
    "Blank": "Lücke",
    "Key": "Lösungen",
    "Answer": "Antwort",
}
