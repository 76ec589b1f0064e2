"""What company B wrote down about each integration before it was built, and the few lines company A has."""

# integration | problem it solves | who benefits | the decision it enables | owner | backup
_PURPOSES = """
credit-check | Orders were confirmed for customers who could not pay. | credit controller | which order to hold | finance-lead | erp-lead
erp-invoices | Invoices were typed a second time and did not match the orders. | receivables clerk | what to book today | finance-lead | erp-lead
fin-collections | Collections went out once a week and cash came late. | treasurer | what to collect today | treasury-lead | finance-lead
fin-payments | Suppliers were paid late because files were uploaded by hand. | payables clerk | which payments to release | treasury-lead | finance-lead
fin-refunds | Customers waited two weeks for refunds of returned goods. | service agent | what to refund today | treasury-lead | service-lead
bank-statements | Open items stayed open because statements were entered by hand. | receivables clerk | whom to remind | treasury-lead | finance-lead
erp-tax | VAT records have to reach the authority within four days. | tax accountant | what to correct before filing | tax-lead | finance-lead
wms-orders | The warehouse learned of orders from a printed list at noon. | shift leader | what to pick next | wms-lead | erp-lead
wms-goods-issue | Sales did not know which orders had left the house. | order desk | which customer to call | wms-lead | erp-lead
wms-stock | Stock in the ERP was a day old and sold out articles were promised. | order desk | which date to promise | wms-lead | shop-lead
wms-carrier | Labels were typed into the carrier's page one by one. | packer | which carrier to take | wms-lead | logistics-lead
mes-orders | Production plans reached the lines as spreadsheets. | foreman | which order to start | mes-lead | planning-lead
mes-confirmations | Finished quantities were known only at the end of the week. | production planner | which order to reschedule | mes-lead | planning-lead
procurement-orders | Purchase orders were sent by fax and lost. | buyer | which supplier to chase | purchasing-lead | erp-lead
procurement-confirmations | Confirmed dates of suppliers were not in the plan. | production planner | what to reschedule | purchasing-lead | planning-lead
procurement-asn | Trucks arrived unannounced at the gate. | gate planner | which gate to free | wms-lead | purchasing-lead
bi-sales | Sales figures were collected by hand every Monday. | sales director | what to promote | bi-lead | erp-lead
bi-customers | Nobody saw which customers were leaving. | key account manager | whom to visit | bi-lead | crm-lead
bi-stock | Slow stock was noticed at the yearly count. | category manager | what to mark down | bi-lead | wms-lead
planning-demand | Plans followed last year and ignored this month. | demand planner | how much to make | planning-lead | bi-lead
planning-orders | Planned orders were copied by hand into the ERP. | production planner | what to release | planning-lead | erp-lead
mes-quality | Measurements were on paper and trends went unseen. | quality engineer | which lot to stop | quality-lead | mes-lead
quality-release | Lots waited for a signature on paper. | quality engineer | which lot to ship | quality-lead | erp-lead
shop-orders | Sales commits delivery dates without knowing production capacity. | order desk | which date to promise | order-desk-lead | erp-lead
shop-stock | Customers bought what was not there. | web merchandiser | what to take off the shop | shop-lead | wms-lead
shop-prices | Prices in the shop and on the invoice differed. | pricing manager | which price to change | shop-lead | erp-lead
shop-customers | Customers had to tell their address twice. | service agent | which address is right | crm-lead | shop-lead
crm-orders | Won quotes were typed again as orders. | key account manager | which quote to follow up | crm-lead | erp-lead
crm-accounts | Key accounts were visited without knowing their open orders. | key account manager | what to talk about | crm-lead | erp-lead
carrier-tracking | Service had to ask the carrier where a parcel was. | service agent | which parcel to resend | logistics-lead | service-lead
parcel-scans | Parcels disappeared between two depots for a day. | service agent | which parcel to search for | logistics-lead | service-lead
tracking-portal | Customers called to ask where their parcel was. | customer | when to be at home | service-lead | logistics-lead
tracking-crm | Key accounts heard of delays from their own customers. | key account manager | which customer to warn | service-lead | crm-lead
portal-orders | Customers called for the state of their order. | customer | whether to wait or to cancel | service-lead | erp-lead
portal-returns | Returns arrived without a number and could not be booked. | returns clerk | what to refund | service-lead | wms-lead
portal-cases | Complaints were mailed to one person's inbox. | service agent | which case comes first | service-lead | crm-lead
price-changes | New prices reached the shop a day after the price list. | pricing manager | which price to correct | shop-lead | erp-lead
price-portal | Customers saw other prices in the portal than in the shop. | customer | whether to order now | service-lead | shop-lead
price-quotes | Quotes went out with last month's prices. | key account manager | which quote to renew | crm-lead | shop-lead
price-insights | Nobody saw what a new price did to the offers. | pricing manager | which price to keep | bi-lead | crm-lead
stock-counts | Counted stock was typed from paper in the evening. | shift leader | which bin to count next | wms-lead | erp-lead
availability-shop | Found articles stayed sold out in the shop. | web merchandiser | what to put back into the shop | shop-lead | wms-lead
availability-lines | Lines stood still for parts that lay in the wrong bin. | foreman | which order to start | mes-lead | wms-lead
supplier-accounts | Suppliers' bank details were mailed from desk to desk. | buyer | whom to order from | purchasing-lead | finance-lead
supplier-payables | Payments came back from closed accounts. | payables clerk | which payments to release | finance-lead | purchasing-lead
supplier-spend | Nobody knew what was spent with one supplier. | purchasing director | which contract to renegotiate | bi-lead | purchasing-lead
invoices-portal | Customers asked for copies of their invoices by phone. | customer's bookkeeper | what to pay | finance-lead | service-lead
"""  # noqa: E501


def purposes() -> dict[str, dict[str, str]]:
    """For each integration its problem, beneficiary, decision, owner and backup in company B."""
    rows = [[cell.strip() for cell in line.split("|")] for line in _PURPOSES.strip().splitlines()]
    return {name: dict(zip(FIELDS, rest, strict=True)) for name, *rest in rows}


FIELDS = ("problem", "beneficiary", "decision", "owner", "backup")

# Company A: two owners of forty-seven, and two reasons that are none.
OWNERS_A = {"erp-tax": "tax-lead@example.com", "fin-payments": "treasury-lead@example.com"}
PROBLEMS_A = {
    "shop-orders": "We want all our systems to talk to each other.",
    "bi-sales": "More data for everyone.",
    "erp-tax": "VAT records have to reach the authority within four days.",
}

# What B adds on the way, so that data arrives with more meaning than it left: integration | field | made of.
_ADDED = """
shop-orders        | promised_on       | sku, quantity
wms-orders         | pick_zone         | sku
crm-orders         | delivery_block    | customer_id, amount
erp-invoices       | revenue_account   | sku, country
bi-sales           | margin            | amount, cost
carrier-tracking   | expected_on       | depot, scanned_at
tracking-portal    | arrives_between   | shipment.status, postal_code
price-changes      | shown_from        | valid_on
price-portal       | contract_discount | customer_id, sku
price-quotes       | quotes_to_renew   | sku, valid_on
price-insights     | price_class       | sku
stock-counts       | promisable        | quantity, reserved
availability-shop  | back_on           | sku
availability-lines | next_lot          | sku, plant
supplier-accounts  | checked_iban      | account
supplier-payables  | payment_terms     | supplier_id
supplier-spend     | category          | supplier_id
"""


def added_fields() -> list[dict[str, object]]:
    """The transformations that company B registered: fields that are made on the way, and of what."""
    rows = [[cell.strip() for cell in line.split("|")] for line in _ADDED.strip().splitlines()]
    return [
        {"integration": name, "field": field, "kind": "derive", "from": made_of.split(", ")}
        for name, field, made_of in rows
    ]
