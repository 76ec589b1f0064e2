"""Whether orders, deliveries, invoices and payments balance, line by line."""
