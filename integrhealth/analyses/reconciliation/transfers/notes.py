"""Why there is no row about transfers: which file or column would make one possible."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.reconciliation.transfers.reconciled import NO_COMMON_KEY, SENDER_ONLY, SIDES

NO_MESSAGES = "Whether what was sent arrived needs messages from one system to another."
NO_RECEIVER = (
    "Nothing tells whether what was sent arrived: messages need received_at or finished_at, or the receiver's own log "
    "as receipts (object_id, received_at), with frame: receipts in a mapping.yaml."
)
NO_COMMON = "No key of the receiver's log (receipts.object_id) is one of the sender's (messages.object_id)."
ALL_MATCHED = "All that was sent has arrived, and nothing arrived that was not sent."
NO_DUPLICATE = "Nothing was sent or received twice with the same payload_hash, seq or amount."


def transfer_notes(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """The sentence of each empty table."""
    sides = set(tables["transfers"]["side"])
    if not sides:
        reason = dict.fromkeys(("transfers", "unmatched", "duplicates", "transfer_ages", "breaks"), NO_MESSAGES)
    elif sides & set(SIDES.values()):
        reason = {"unmatched": ALL_MATCHED, "duplicates": NO_DUPLICATE, "transfer_ages": NO_RECEIVER}
    else:
        lacking = NO_COMMON if NO_COMMON_KEY in sides and SENDER_ONLY not in sides else NO_RECEIVER
        reason = dict.fromkeys(("unmatched", "duplicates", "transfer_ages"), lacking)
    return {table: said for table, said in reason.items() if table in tables and tables[table].is_empty()}
