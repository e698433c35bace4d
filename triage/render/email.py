"""The report as an e-mail: plain text and HTML beside each other; who sends it adds the addresses."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from triage.model.text import Catalogue
from triage.render import sentences
from triage.render.budget import Cut
from triage.render.document import document, plain
from triage.render.elements import blocks_html, element
from triage.render.layout import crop
from triage.render.style import Style
from triage.render.words import Words

_SUBJECT = 150
"""Characters of a subject that lists of mail show."""


def render_email(cut: Cut, catalogue: Catalogue, style: Style) -> str:
    """A MIME message in ASCII (RFC 5322, multipart/alternative); equal reports give equal bytes."""
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import format_datetime

    words = Words(catalogue)
    blocks = document(cut, words)
    verdict = sentences.verdict(cut.whole, words)
    head = element("head", element("meta", charset="utf-8"), element("title", verdict))
    body = element("html", head, element("body", list(blocks_html(blocks))), lang=catalogue.lang)
    message = EmailMessage(policy=SMTP.clone(linesep="\n", cte_type="7bit"))
    message["Subject"] = crop(verdict, _SUBJECT)[:_SUBJECT]
    message["Date"] = format_datetime(datetime.fromtimestamp(cut.whole.generated_ns // 10**9, UTC))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes in answer
    message.set_content(plain(blocks))
    message.add_alternative(f"<!doctype html>\n{body}\n", subtype="html")
    message.set_boundary(f"=_{hashlib.sha256(body.encode()).hexdigest()[:32]}")
    return message.as_string()
