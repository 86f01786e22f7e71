"""An application as others write it: boto3, AWSCURRENT, and the private key opened with its passphrase.

Reads until standard input ends, and prints each generation it saw, in order, one JSON object a line.
"""

import json
import sys
import threading
import time

import boto3
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

endpoint, name = sys.argv[1:]
client = boto3.client("secretsmanager", region_name="eu-west-1", endpoint_url=endpoint)
over = threading.Event()


def wait_for_end():
    sys.stdin.read()
    over.set()


def is_whole(document):
    passphrase = document["passphrase"]
    private = load_pem_private_key(document["privateKey"].encode(), passphrase and passphrase.encode())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return bool(document["apiKey"]) and public == document["publicKey"]


threading.Thread(target=wait_for_end, daemon=True).start()
seen = object()
last = False
while not last:
    last = over.is_set()
    try:
        answer = client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
    except client.exceptions.ResourceNotFoundException:
        time.sleep(0.05)
        continue
    document = json.loads(answer["SecretString"])
    generation = document.get("generation")
    if generation != seen:
        seen = generation
        state = {"generation": generation}
        if generation is not None:
            state.update(whole=is_whole(document), apiKey=document["apiKey"], previous=document["previous"])
        print(json.dumps(state), flush=True)
    time.sleep(0.02)
