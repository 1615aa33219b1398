"""Mails that break the rules of lines, headers, names and lists: by rule, each with the others it cannot but break."""

from __future__ import annotations

from tests.mails import HEAD, HTML, LEAVE, TEXT, TOKEN, Spoil, assembled, head, raw

LONG = "x" * 1200
FEED = "numbers:daily:digest"

BREAKING: dict[str, list[tuple[Spoil, str]]] = {
    # lines
    "line-end-bare": [
        (raw(b"NUMBERS\r\n", b"NUMBERS\n"), ""),
        (raw(b"NUMBERS\r\n", b"NUMBERS\r"), ""),
        (raw(b"Precedence: bulk\r\n", b"Precedence: bulk\n"), ""),
        (lambda: assembled().replace(b"\r\n", b"\n"), ""),
    ],
    "line-too-long": [(head(Comments=LONG), ""), (raw(b"NUMBERS", b"N" * 999), "quoted-line titles-other words-other")],
    "message-unended": [(lambda: assembled()[:-2], "")],
    "octet-null": [(raw(b"NUMBERS", b"NUM\0BERS"), "text-control titles-other")],
    "octet-8bit": [(raw(b"Sch=C3=B6ne", b"Sch\xc3\xb6ne"), "")],
    "head-open": [
        (lambda: assembled().partition(b"\r\n\r\n")[0] + b"\r\n", "parts-order"),
    ],
    "head-stray": [
        (raw(b"Precedence: bulk", b"Precedence: bulk\r\nBcc x@y.example"), ""),
        (lambda: b"From a@b.example Fri Nov 20 07:00:00 2026\r\n" + assembled(), ""),
    ],
    "head-control": [(head(From="Di\x0bgest <digest@digest.example>"), "name-form"), (head(Comments="a\x7f"), "")],
    "head-ascii": [
        (head(From="Größe <digest@digest.example>"), "name-form"),
        (head(To="\udcff@example.org"), ""),
    ],
    "head-line-long": [(head(Comments="word " * 20), "")],
    "head-word-line": [(head(Subject="=?utf-8?b?U2Now7ZuZSBaYWhsZW4=?=" + " =?utf-8?q?_?=" * 4), "head-line-long")],
    "head-fold-blank": [(head(Comments="a\r\n \r\n b"), "")],
    # headers
    "header-missing": [
        *((head(**{name.replace("-", "_"): None}), "") for name in ("To", "Date", "Message-ID", "MIME-Version")),
        *((head(**{name.replace("-", "_"): None}), "") for name in ("Subject", "Auto-Submitted", "List-Id")),
        (head(List_Unsubscribe_Post=None), ""),
        (head(List_Unsubscribe=None), ""),
        (head(From=None), ""),
        (head(Content_Type=None), "parts-order"),
    ],
    "header-advised": [
        *((head(**{name.replace("-", "_"): None}), "") for name in ("List-Help", "List-Owner", "List-Archive")),
        *((head(**{name.replace("-", "_"): None}), "") for name in ("List-Post", "Feedback-ID", "Precedence")),
        (head(Content_Language=None), ""),
        (head(X_Auto_Response_Suppress=None), ""),
    ],
    "header-twice": [
        (raw(b"Precedence: bulk\r\n", b"Precedence: bulk\r\nprecedence: bulk\r\n"), ""),
        (raw(b"Precedence: bulk\r\n", b"Precedence: bulk\r\nSubject: Another\r\n"), ""),
    ],
    "header-empty": [(head(Comments=""), ""), (head(Comments="\r\n\t"), "head-fold-blank")],
    "bcc-shown": [(head(Bcc="a@b.example"), "")],
    "cc-shown": [(head(Cc="a@b.example"), "")],
    "return-path-set": [(head(Return_Path="<a@b.example>"), "")],
    "received-set": [(head(Received="from a by b; Fri, 20 Nov 2026 07:00:00 +0100"), "")],
    "sender-told": [(head(X_Mailer="Digest 1.2.3"), ""), (head(User_Agent="x"), "")],
    "auto-submitted-form": [(head(Auto_Submitted="yes"), ""), (head(Auto_Submitted="no"), "")],
    "precedence-form": [(head(Precedence="first-class"), "")],
    "suppress-form": [(head(X_Auto_Response_Suppress="OOF AutoReply"), "")],
    "language-form": [
        (head(Content_Language="en, de"), "language-other"),
        (head(Content_Language="e"), "language-other"),
    ],
    "date-form": [
        (head(Date="2026-11-20T07:00:00Z"), ""),
        (head(Date="Fri, 31 Nov 2026 07:00:00 +0100"), ""),
        (head(Date="Fri, 20 Nov 2026 25:00:00 +0100"), ""),
        (head(Date="Fri, 20 Nov 26 07:00:00 +0100"), ""),
        (head(Date="Fri, 20 Nov 0000 07:00:00 +0100"), ""),
    ],
    "date-weekday": [(head(Date="Mon, 20 Nov 2026 07:00:00 +0100"), "")],
    "date-zone": [
        (head(Date="Fri, 20 Nov 2026 07:00:00 GMT"), ""),
        (head(Date="Fri, 20 Nov 2026 07:00:00 -0000"), ""),
        (head(Date="Fri, 20 Nov 2026 07:00:00 +1500"), ""),
        (head(Date="Fri, 20 Nov 2026 07:00:00 +0160"), ""),
    ],
    "message-id-form": [
        (head(Message_ID="1.daily@digest.example"), ""),
        (head(Message_ID="<1.daily>"), ""),
        (head(Message_ID="<1@digest.example> <2@digest.example>"), ""),
    ],
    "message-id-domain": [(head(Message_ID="<1.daily@mailer.elsewhere>"), ""), (head(Message_ID="<1@localhost>"), "")],
    # names
    "from-one": [
        (head(From="a@digest.example, b@digest.example"), ""),
        (head(From="Digest"), ""),
        (head(From="Digest <digest@digest.example>, Other <other@digest.example>"), "name-form"),
    ],
    "to-one": [(head(To="a@b.example, c@d.example"), ""), (head(To="undisclosed-recipients:;"), "")],
    "reply-to-one": [(head(Reply_To="nobody"), "")],
    "address-long": [(head(From=f"Digest <{'x' * 65}@digest.example>"), "head-line-long")],
    "from-name": [
        (head(From="digest@digest.example"), ""),
        (head(From="=?utf-8?b?8J+UrSBEaWdlc3Q=?= <digest@digest.example>"), ""),
        (head(From='"a@b.example" <digest@digest.example>'), ""),
    ],
    "name-form": [
        (head(From="Digest, papers <digest@digest.example>"), ""),
        (head(List_Id='"Numbers <numbers.digest.example>'), ""),
    ],
    "subject-long": [(head(Subject=" ".join(["Schöne".replace("ö", "oe")] * 13)), "title-other head-line-long")],
    "subject-reply": [(head(Subject="Re: Numbers"), "title-other"), (head(Subject="Fwd: 2 papers"), "title-other")],
    "word-long": [(head(Comments=f"=?utf-8?q?{'x' * 64}?="), "head-word-line")],
    "word-invalid": [
        (head(Comments="=?utf-8?b?w7?="), ""),
        (head(Comments="=?utf-8?b?ww==?="), ""),
        (head(Comments="=?latin-1?q?=FC?="), ""),
        (head(Comments="=?utf-8?x?abc?="), ""),
        (head(Comments="=?utf-8?q?a=0?="), ""),
    ],
    "word-placed": [(head(Comments="a=?utf-8?q?b?="), ""), (head(Comments="=?utf-8?q?b?=,"), "")],
    "word-control": [(head(Comments="=?utf-8?q?a=0D=0ABcc:_x@y.z?="), "")],
    # lists
    "unsubscribe-form": [
        (head(List_Unsubscribe=f"<{LEAVE}>\r\n (leave), <mailto:hello@digest.example>"), ""),
        (head(List_Unsubscribe=f"<{LEAVE}>\r\n <mailto:hello@digest.example>"), ""),
    ],
    "unsubscribe-https-first": [
        (head(List_Unsubscribe=f"<mailto:hello@digest.example>,\r\n <{LEAVE}>"), ""),
        (head(List_Unsubscribe="<mailto:hello@digest.example>"), ""),
        (
            lambda: assembled(
                {**HEAD, "List-Unsubscribe": HEAD["List-Unsubscribe"].replace("https", "http")},
                TEXT.replace("https://digest.example", "http://digest.example"),
                HTML.replace("https://digest.example", "http://digest.example"),
            ),
            "link-insecure",
        ),
    ],
    "unsubscribe-mailto": [(head(List_Unsubscribe=f"<{LEAVE}>"), "")],
    "one-click-exact": [(head(List_Unsubscribe_Post="List-Unsubscribe=one-click"), "")],
    "one-click-opaque": [
        (
            lambda: assembled(
                {**HEAD, "List-Unsubscribe": HEAD["List-Unsubscribe"].replace(TOKEN, "42")},
                TEXT.replace(TOKEN, "42"),
                HTML.replace(TOKEN, "42"),
            ),
            "",
        )
    ],
    "list-encoded": [(head(List_Help="=?utf-8?q?<https://digest.example/>?="), "list-link-form")],
    "list-id-form": [
        (head(List_Id="Numbers"), ""),
        (head(List_Id="Numbers <Numbers.Digest.example>"), ""),
        (head(List_Id="<numbers>"), ""),
    ],
    "list-id-domain": [(head(List_Id="<numbers.localhost>"), "")],
    "list-post-form": [(head(List_Post="<NO>"), ""), (head(List_Post="<https://digest.example/>"), "")],
    "list-link-form": [
        (head(List_Archive="https://digest.example/"), ""),
        (head(List_Help="<javascript:alert(1)>"), ""),
        (head(List_Owner="<hello@digest.example>"), ""),
        (head(Archived_At="<https://[>"), ""),
    ],
    "archive-token": [(head(Archived_At=f"<https://digest.example/mine/{TOKEN[:16]}zzz/>"), "")],
    "feedback-id-form": [
        (head(Feedback_ID=f"a:b:{FEED}"), ""),
        (head(Feedback_ID="numbers:daily:site"), ""),
        (head(Feedback_ID="numbers:daily:a-very-long-sender"), ""),
    ],
    "feedback-id-shared": [(head(Feedback_ID="1.daily:digest"), ""), (head(Feedback_ID=f"{TOKEN}:a:digest"), "")],
    "cfbl-form": [
        (head(CFBL_Address="<complaints@digest.example>"), ""),
        (head(CFBL_Address="nobody; report=arf"), ""),
    ],
}
