"""The integration audit: what people claim about their integrations, beside what the data say."""
