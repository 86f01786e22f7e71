"""Prints what the key may do; an uncaught error has the venue's code in it."""

import json
import os

from pybit.unified_trading import HTTP

session = HTTP(api_key=os.environ["KEY_ID"], api_secret=os.environ["PRIVATE_KEY"], rsa_authentication=True)
session.endpoint = os.environ["VENUE_URL"]
print(json.dumps(session.get_api_key_information()["result"]))
