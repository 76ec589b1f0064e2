"""Which rejections are business: an outcome such as a declined payment, and no failure of the integration."""

import polars as pl

from integrhealth.language.schema import DECLINED

# What the catalog says about the rejections of an integration.
BUSINESS, TECHNICAL = "business", "technical"
# What a code or text says of an outcome (own); what stands between two words may be a blank, "_", "-" or nothing.
OUTCOMES = (
    r"(payment|card|credit|transaction)[ _-]?(was |is |has been )?(declined|refused)",
    r"authori[sz]ation[ _-]?declined",
    r"declined[ _-]?by[ _-]?(the[ _-]?)?(issuer|bank)",
    r"(insufficient|not[ _-]?enough|not[ _-]?sufficient)[ _-]?(funds|credit|balance|stock|inventory)",
    r"(credit|card|spending|withdrawal|purchase)[ _-]?limit[ _-]?(is |was |has been )?(exceeded|reached)",
    r"exceeds?[ _-]?(the[ _-]?)?(credit|card|spending|withdrawal|purchase)[ _-]?limit",
    r"(out[ _-]?of|not[ _-]?in|(^|[^a-z])no)[ _-]?stock",
    r"do[ _-]?not[ _-]?hono(u)?r",
    r"(expired[ _-]?card|card[ _-]?(has[ _-]?)?expired)",
)
# Reason codes of rejected transfers: ISO 20022 (amount not allowed, funds, account closed or blocked, refused by the
# debtor) and NACHA (funds, account closed, payment stopped).
REASONS = ("AM02", "AM04", "AC04", "AC06", "MS02", "R01", "R02", "R08")
# Response codes of cards (ISO 8583: do not honour, funds, expired, limits), which mean this only where money is asked
# for: a 51 of an IDoc is an error.
CARD_REASONS = ("05", "51", "54", "61", "65")
MONEY = r"(?i)pay|card|authori[sz]|acquir|iso.?8583"
# Statuses that may stand for such an outcome: what was given up in time is none.
ANSWERED_NO = ("rejected", "failed")


def is_business_rejection(rejections: pl.Expr) -> pl.Expr:
    """The message was answered with an outcome of the business: as the catalog says, else as its code or text does.

    `rejections` is what the catalog says of the rejections of its integration: business, technical or null. Codes of
    reason count where the status is rejected, texts also where it is failed.
    """
    rejected = pl.col("status") == "rejected"
    answered = pl.when(pl.col("status").is_in(ANSWERED_NO))
    code = answered.then(pl.col("error_code").str.strip_chars().str.to_uppercase())
    said = answered.then(pl.concat_str("error_code", "error_text", separator=" ", ignore_nulls=True))
    money = pl.concat_str("integration", "operation", "object_type", separator=" ", ignore_nulls=True)
    coded = code.is_in(REASONS) | (code.is_in(CARD_REASONS) & answered.then(money).str.contains(MONEY))
    worded = said.str.contains(f"(?i){'|'.join(OUTCOMES)}")
    by_itself = (rejected & coded).fill_null(False) | worded.fill_null(False)
    return pl.when(rejections == BUSINESS).then(rejected).when(rejections == TECHNICAL).then(False).otherwise(by_itself)


def outcomes(messages: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """`messages` with the status of business rejections ``declined``: ended, and neither failed nor delivered.

    `declared` are the integrations of the catalog. The statuses of the logs stay as they are in `messages`.
    """
    said = declared.drop_nulls("rejections").select("integration", "rejections")
    said = said.unique("integration", keep="first", maintain_order=True)
    joined = messages.join(said, on="integration", how="left", maintain_order="left")
    status = pl.when(is_business_rejection(pl.col("rejections"))).then(pl.lit(DECLINED)).otherwise("status")
    return joined.with_columns(status=status).drop("rejections")
