"""Business documents of the sample company: what was ordered, shipped, invoiced, paid, returned and credited."""
