"""The upload that goes before a file message.

Nobody in the group sees an upload, so unlike a message it may be repeated whatever became of it: an attempt that ends
here is certainly not delivered. That it is still here stands in the ledger, for when the process dies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bot.domain.attachment import Attachment, Files, clean_name
from bot.domain.channel import Channel
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict
from bot.domain.errors import StoreError
from bot.domain.plan import Claimed

from .ports import Clock, Ledger, Sender
from .sending import judge

FILES_KEPT = 2
"""Originals kept at hand, 20 MB each at most: one release sends one file to many."""

_FAILED = Verdict(OutcomeClass.RETRY_LATER, Reason.UPLOAD_FAILED)


class Uploads:
    """The uploads of one dispatcher."""

    def __init__(self, ledger: Ledger, sender: Sender, files: Mapping[str, Files], clock: Clock) -> None:
        self._ledger = ledger
        self._sender = sender
        self._files = files
        self._clock = clock
        self._kept: dict[int, Attachment] = {}
        self._loading = asyncio.Lock()

    async def message(self, claimed: Claimed, channel: Channel, original_id: int) -> bytes | Verdict:
        """Upload the file now; the body of the message that shows it, or what the attempt has come to without one.

        Cancelled, it answers as well: then too nothing was shown.
        """
        try:
            return await self._message(claimed, channel, self._files[claimed.channel], original_id)
        except StoreError as error:
            return replace(_FAILED, vendor_message=str(error))
        except asyncio.CancelledError:
            return _FAILED

    async def _message(self, claimed: Claimed, channel: Channel, files: Files, original_id: int) -> bytes | Verdict:
        attachment = await self._attachment(original_id)
        if not await self._ledger.uploading(claimed, begun=True):
            return _FAILED
        exchange = await self._sender.upload(
            files.upload_url(claimed.url.reveal()), attachment.name, attachment.data, ca_file=claimed.ca_file
        )
        verdict = judge(exchange, channel, self._clock(), claimed.url, claimed.secret)
        accepted = exchange if verdict.outcome is OutcomeClass.OK and isinstance(exchange, Replied) else None
        if accepted is not None and (media_id := files.uploaded(accepted)) is not None:
            mine = await self._ledger.uploading(claimed, begun=False)
            return files.file_message(media_id).body if mine else _FAILED
        if verdict.outcome in (OutcomeClass.OK, OutcomeClass.UNKNOWN):
            return replace(verdict, outcome=_FAILED.outcome, reason=_FAILED.reason)
        return verdict

    async def _attachment(self, original_id: int) -> Attachment:
        async with self._loading:
            if original_id not in self._kept:
                found = await self._ledger.original(original_id)
                if len(self._kept) >= FILES_KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[original_id] = Attachment(clean_name(found.name), found.data)
            return self._kept[original_id]
