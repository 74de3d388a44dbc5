"""A message made from templates and handed to a relay, one connection a relay, one message at a time."""

import base64
import hashlib
import hmac
import html
import re
import smtplib
import socket
import ssl
import struct
import urllib.parse
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate


class RelayProblem(Exception):
    """The relay as a whole cannot be used."""


class NotSent(Exception):
    """The lease ended before the final dot."""


def message_id(content, lane, position):
    digest = hmac.new(content.message_id_key, struct.pack(">II", lane, position), hashlib.sha256).digest()
    return f"<{base64.b32encode(digest).decode().lower()[:26]}@{content.message_id_domain}>"


def number(value):
    """LEB128."""
    groups = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def envelope_sender(content, lane, position):
    """Where the message comes back to."""
    if not content.HasField("return_path"):
        return content.from_address
    path, numbers = content.return_path, b"".join(map(number, (content.campaign, lane, position)))
    token = base64.b32encode(numbers + hmac.new(path.key, numbers, hashlib.sha256).digest()[:10])
    return f"{path.local}+{token.decode().lower().rstrip('=')}@{path.domain}"


def strings(column):
    start = 0
    for end in column.end:
        yield column.text[start:end]
        start = end


TAG = re.compile(r"\{\{(?:\{\s*(?P<raw>[\w.]+)\s*\}|(?P<sigil>[#^/&!]?)\s*(?P<name>[^{}]*?)\s*)\}\}")


def render(template, values, escape):
    """Variables, sections and inverted sections of Mustache; neither partials nor lines that hold a tag alone."""
    text, at, stack = [], 0, []  # a frame of the stack: the section's name, and whether its inside is shown
    for tag in TAG.finditer(template):
        shown = all(is_shown for _, is_shown in stack)
        if shown:
            text.append(template[at:tag.start()])
        at = tag.end()
        name, sigil = tag["raw"] or tag["name"], "&" if tag["raw"] else tag["sigil"]
        if sigil in ("#", "^"):
            stack.append((name, bool(values.get(name)) == (sigil == "#")))
        elif sigil == "/":
            if not stack or stack.pop()[0] != name:
                raise ValueError(f"{{{{/{name}}}}} closes nothing")
        elif sigil != "!" and shown:
            if name not in values:
                raise ValueError(f"no field {name}")
            value = values[name]
            value = value if isinstance(value, str) else str(value).lower()
            text.append(escape(value) if sigil == "" else value)
    if stack:
        raise ValueError(f"{{{{#{stack[-1][0]}}}}} is not closed")
    return "".join(text) + template[at:]


def plain(template, values):
    return render(template, values, lambda value: value)


def escaped(template, values):
    return render(template, values, lambda value: html.escape(value).replace("&#x27;", "&#39;"))


def one_line(template, values):
    return " ".join(plain(template, values).splitlines())


def compose(content, variant, address, values, lane, position):
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((content.from_name, content.from_address))
    message["To"] = address
    message["Subject"] = one_line(variant.subject, values)
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = message_id(content, lane, position)
    if content.reply_to:
        message["Reply-To"] = content.reply_to
    for header in content.headers:
        message[header.name] = one_line(header.value, values)
    if variant.text:
        message.set_content(plain(variant.text, values))
    if variant.html:
        add = message.add_alternative if variant.text else message.set_content
        add(escaped(variant.html, values), subtype="html")
    return message.as_bytes()


class Relay:
    def __init__(self, definition):
        self.definition = definition
        self.smtp = None

    def open(self):
        if self.smtp is not None:
            return
        url = urllib.parse.urlsplit(self.definition.url)
        name = self.definition.helo or None
        context = ssl.create_default_context(cadata=self.definition.ca.decode() or None)
        try:
            if url.scheme == "smtps":
                smtp = smtplib.SMTP_SSL(url.hostname, url.port or 465, name, timeout=30, context=context)
            else:
                smtp = smtplib.SMTP(url.hostname, url.port or 25, name, timeout=30)
                smtp.ehlo()
                offers = smtp.has_extn("starttls")
                if self.definition.tls == "required" or (self.definition.tls == "opportunistic" and offers):
                    smtp.starttls(context=context)
            if self.definition.user:
                smtp.login(self.definition.user, self.definition.password)
        except (OSError, smtplib.SMTPException) as error:
            raise RelayProblem(str(error)) from error
        # The text and its final dot go out one after the other: neither must wait for the other to be acknowledged.
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.smtp = smtp

    def close(self):
        if self.smtp is not None:
            self.smtp.close()
            self.smtp = None

    def hand_over(self, sender, recipient, data, before_dot):
        """Returns (code, text) of the reply that decided; code 0 when there was none after the dot, -1 before it."""
        quoted = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in data.split(b"\r\n"))
        is_handed_over = False
        try:
            self.smtp.ehlo_or_helo_if_needed()
            for code, text in self._envelope(sender, recipient):
                if code >= 400:
                    self._reset(code)
                    return code, text.decode("utf-8", "replace")
            self.smtp.send(quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n")
            before_dot()
            is_handed_over = True
            self.smtp.send(b".\r\n")
            code, text = self.smtp.getreply()
            return code, text.decode("utf-8", "replace")
        except (OSError, smtplib.SMTPException):
            self.close()
            return (0 if is_handed_over else -1), ""
        except NotSent:
            self.close()
            raise

    def _envelope(self, sender, recipient):
        yield self.smtp.mail(sender)
        yield self.smtp.rcpt(recipient)
        yield self.smtp.docmd("DATA")

    def _reset(self, code):
        if code == 421:
            self.close()
        else:
            self.smtp.rset()
