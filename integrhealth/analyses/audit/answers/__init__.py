"""The fourteen questions of the audit, claimed and measured, and the debt that they leave."""
