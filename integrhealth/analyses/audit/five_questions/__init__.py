"""The five questions to answer before anything is connected, and what only people can answer of the audit."""
