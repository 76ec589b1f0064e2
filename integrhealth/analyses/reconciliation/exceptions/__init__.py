"""Whether returns, partial shipments, cancellations, credit notes and disputes run as the rest does."""
