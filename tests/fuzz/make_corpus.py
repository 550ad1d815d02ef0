#!/usr/bin/env python3
"""Writes the seeds of the value decoders below corpus/: small, valid inputs of every shape and a
few that are nearly valid. Deterministic: running it again changes nothing. What a fuzzer finds
is added beside these by hand, under the name of what was wrong.

usage: make_corpus.py"""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def rlp(item):
    """An int, bytes or a list, canonically."""
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return prefix(0x80, len(item)) + item
    body = b"".join(rlp(part) for part in item)
    return prefix(0xC0, len(body)) + body


def prefix(offset, length):
    if length <= 55:
        return bytes([offset + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(size)]) + size


def rlp_seeds():
    nested = b""
    for _ in range(17):
        nested = prefix(0xC0, len(nested)) + nested
    return {
        "empty_string": b"\x80", "byte": b"\x7f", "empty_list": b"\xc0", "number": rlp(2**255),
        "long_string": rlp(bytes(60)), "long_list": rlp([7] * 60), "too_deep": nested,
        "three": rlp([[], [[]], [[], [[]]]]), "wasteful_byte": b"\x81\x00",
        "wasteful_length": b"\xb8\x01\xff", "huge_length": b"\xbf" + b"\xff" * 8,
        "cut": b"\xc3\x01\x82\x01",
    }


ADDRESS = bytes([0x35] * 20)
R = 0x28EF61340BD939BC2195FE537567866003E1A15D3C71FF63E1590620AA636276
S = 0x67CBE9D8997F761AECB703304B3800CCF555C9F3DC64214B297FB1966A3B6D83


def transaction_seeds():
    legacy = [9, 20 * 10**9, 21000, ADDRESS, 10**18, b""]
    keys = [[ADDRESS, [bytes(32), bytes([1] * 32)]], [ADDRESS, []]]
    access = [1, 9, 20 * 10**9, 100000, ADDRESS, 10**18, b"\x00\x01", keys, 0, R, S]
    fees = [1, 9, 10**9, 20 * 10**9, 100000, ADDRESS, 10**18, b"", [], 1, R, S]
    create = [1, 9, 10**9, 20 * 10**9, 200000, b"", 0, b"\x60\x01" * 20, keys, 0, R, S]
    return {
        "legacy_eip155": rlp(legacy + [37, R, S]), "legacy_unprotected": rlp(legacy + [27, R, S]),
        "legacy_bad_v": rlp(legacy + [30, R, S]), "legacy_wide_v": rlp(legacy + [2**64, R, S]),
        "access_list": b"\x01" + rlp(access), "dynamic_fee": b"\x02" + rlp(fees),
        "creation": b"\x02" + rlp(create), "blob": b"\x03\xc0", "set_code": b"\x04\xc0",
        "unknown": b"\x05\xc0", "too_many_fields": b"\x02" + rlp(fees + [1]),
        "high_s": rlp(legacy + [37, R, 2**256 - 1]), "short_address": rlp(legacy[:3] + [b"\x01"]),
        "wide_nonce": rlp([2**64] + legacy[1:] + [37, R, S]),
    }


def payload_seeds():
    def payload(*transactions):
        body = struct.pack("<Q", 1700000000123) + ADDRESS + struct.pack("<I", len(transactions))
        return body + b"".join(struct.pack("<I", len(t)) + t for t in transactions)
    return {
        "empty": payload(), "one": payload(b"\xc0"), "two": payload(b"", b"\x01\x02\x03"),
        "claims_many": payload()[:28] + b"\xff\xff\0\0", "cut": payload(b"\x01\x02")[:-1],
        "extra": struct.pack("<QQQQ", 1, 2, 3, 4) + bytes(64),
    }


def header_seeds():
    word, root = bytes([1] * 32), bytes([2] * 32)
    fields = [word, root, ADDRESS, root, root, root, bytes(256), 0, 300, 30000000, 21000,
              1700000000, bytes([5] * 96), word, bytes(8), 7, root, 0, 0, word, root]
    return {
        "header": rlp(fields), "full": rlp(fields[:10] + [30000000] + fields[11:]),
        "no_gas": rlp(fields[:9] + [0, 0] + fields[11:]), "shanghai": rlp(fields[:17]),
        "long_extra": rlp(fields[:12] + [bytes(1025)] + fields[13:]),
        "account": rlp([1, 10**18, root, word]), "account_short": rlp([1, 10**18, root]),
    }


def receipt_seeds():
    log = [ADDRESS, [bytes(32), bytes([1] * 32)], b"data"]
    bloom = bytes(256)
    return {
        "legacy": rlp([1, 21000, bloom, []]), "failed": rlp([0, 21000, bloom, []]),
        "logs": b"\x02" + rlp([1, 70000, bloom, [log, [ADDRESS, [], b""]]]),
        "access_list": b"\x01" + rlp([1, 70000, bloom, [log]]),
        "five_topics": rlp([1, 1, bloom, [[ADDRESS, [bytes(32)] * 5, b""]]]),
        "blob": b"\x03" + rlp([1, 1, bloom, []]), "status_two": rlp([2, 1, bloom, []]),
    }


def certificate_seeds():
    def certificate(*signers):
        body = struct.pack("<Q", 7) + bytes(32) + struct.pack("<I", len(signers))
        return body + b"".join(struct.pack("<Q", s) + bytes([s] * 64) for s in signers)

    def member(number, weight, endpoint=b"node:1"):
        return (struct.pack("<Q", number) + bytes([number] * 32) + bytes([number + 1] * 32)
                + ADDRESS + struct.pack("<I", len(endpoint)) + endpoint + struct.pack("<Q", weight))

    def members(*parts):
        return struct.pack("<QI", 3, len(parts)) + b"".join(parts)
    return {
        "none": certificate(), "three": certificate(1, 2, 3), "twice": certificate(1, 1),
        "backwards": certificate(2, 1), "attestation": bytes(8 + 32 + 8 + 64),
        "members": members(member(1, 1), member(2, 5)), "no_weight": members(member(1, 0)),
        "same_member": members(member(1, 1), member(1, 1)),
        "long_endpoint": members(member(1, 1, b"x" * 256)), "no_members": members(),
    }


GENESIS = """{"config": {"chainId": 1337, "londonBlock": 0}, "timestamp": "0x5",
"gasLimit": "30000000", "baseFeePerGas": "0x3b9aca00", "extraData": "0xabcd", "difficulty": "0x1",
"alloc": {"0x70997970C51812dc3A010C7d01b50e0d17dc79C8": {
"balance": 123456789012345678901234567890, "nonce": "0x2", "code": "0x6001",
"storage": {"0x1": "0x02", "0x03": "ff"}}},
"holdfast": {"engine": "raft", "dev": true, "fees": {"elasticity": 4},
"parameters": {"electionTimeoutMs": 500, "heartbeatMs": 100}, "members": [{"id": 1,
"endpoint": "[::1]:30303", "votingKey": "0x%s", "transportKey": "0x%s", "account": "0x%s"}]}}
""" % ("11" * 32, "12" * 32, "13" * 20)


def genesis_seeds():
    return {name: text.encode() for name, text in {
        "whole": GENESIS, "bft": GENESIS.replace("raft", "bft"), "object": "{}", "array": "[]",
        "unknown": GENESIS.replace("londonBlock", "lodnonBlock"),
        "twice": GENESIS.replace('"dev": true', '"dev": true, "dev": true'),
        "float": GENESIS.replace("1337", "1.337e3"), "deep": "[" * 20 + "]" * 20,
        "no_member": GENESIS.replace('"id": 1', '"id": 0'), "cut": GENESIS[:200],
        "escapes": GENESIS.replace('"raft"', '"\\u0072aft"'),
    }.items()}


def proof_seeds():
    key = bytes(32)
    leaf = rlp([b"\x20" + key, b"value"])
    other = rlp([b"\x20" + bytes([1] * 32), b"value"])
    inner = [b"\x3f" + bytes(31), b"v"]
    branch = rlp([b""] * 15 + [[b"\x20", b"v"]] + [b""])

    def proof(*nodes):
        return key + b"".join(struct.pack("<H", len(n)) + n for n in nodes)
    return {
        "leaf": proof(leaf), "absent": proof(other), "branch": proof(branch),
        "two": proof(leaf, other), "extension": proof(rlp([b"\x00\x00", [b""] * 16 + [b"v"]])),
        "short_leaf": proof(rlp(inner)), "no_node": proof(b""), "list": proof(b"\xc0"),
    }


def main():
    subjects = {"rlp": rlp_seeds, "transaction": transaction_seeds, "payload": payload_seeds,
                "header": header_seeds, "receipt": receipt_seeds,
                "certificate": certificate_seeds, "genesis": genesis_seeds, "proof": proof_seeds}
    for subject, seeds in subjects.items():
        folder = os.path.join(HERE, "corpus", subject)
        os.makedirs(folder, exist_ok=True)
        for name, data in seeds().items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
