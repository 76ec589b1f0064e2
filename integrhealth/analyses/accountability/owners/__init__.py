"""Who answers for an integration, and whether they ever did."""
