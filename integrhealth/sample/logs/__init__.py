"""The logs of the sample company as its tools write them: spans, a monitor's export, webhooks, report mails."""
