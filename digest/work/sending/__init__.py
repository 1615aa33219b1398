"""Deliver what is due: claim, ask the books, send, write the answer down, mail by mail over several connections.

Kill the process anywhere: rows not yet `in_data` are sent by whoever comes next; those in `in_data`, at most one for
each open connection, may have arrived. Where the relay can be asked about them, it is; else they are sent once more
with the same Message-ID and bytes, then parked.
"""

from digest.work.sending.recovering import recover
from digest.work.sending.relays import relay_for
from digest.work.sending.rules import admission, ends, is_letter
from digest.work.sending.sender import Pace, Sender, Sent, send
from digest.work.sending.staying import keep_sending

__all__ = ["Pace", "Sender", "Sent", "admission", "ends", "is_letter", "keep_sending", "recover", "relay_for", "send"]
