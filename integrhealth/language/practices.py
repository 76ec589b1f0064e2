"""What brings people together and no log can show: asked, dated, and never scored."""

# The words of the catalog, each with the question to ask.
PRACTICES = {
    "rotation": "Who last worked in another team for some days, which teams was that, and when?",
    "celebration": "Which success was last celebrated by all who contributed to it, and when?",
    "interview": "Who was last asked at their desk what they need of an integration, and when?",
    "leadership": "What did leadership last do so that departments trust each other, and when?",
}
