"""integrhealth: integration health reports from the logs that your integrations already write."""
