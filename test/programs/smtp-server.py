"""An SMTP server that takes mail over TLS only and prints what it gets as one JSON object a line: smtp-server.py CERT KEY implicit|starttls USER PASSWORD"""

import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult

CERT, KEY, MODE, USER, PASSWORD = sys.argv[1:]


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == "gone@example.com":
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        if "refused@example.com" in envelope.rcpt_tos:
            return "550 no such user"
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or MODE == "implicit",
            "authenticated": session.authenticated,
            "headers": dict(mail.items()),
            "text": mail.get_content(),
        })
        return "250 taken on"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login.decode(), data.password.decode()) == (USER, PASSWORD), handled=False)


tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(CERT, KEY)
implicit = MODE == "implicit"


def receive():
    return SMTP(
        Handler(),
        tls_context=None if implicit else tls,
        require_starttls=not implicit,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=not implicit,
    )


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(receive, "127.0.0.1", 0, ssl=tls if implicit else None)
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
