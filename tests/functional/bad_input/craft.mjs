// Signed transactions built by hand from their fields, so that every one of them can be wrong.
import { concatHex, hexToBigInt, keccak256, numberToHex, toRlp } from "viem";
import { sign } from "viem/accounts";

export const group_order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** RLP's form of a number: without leading zeros, nothing for zero. */
export const rlp_number = (value) => {
    if (typeof value === "string") return value;
    return BigInt(value) === 0n ? "0x" : pad_even(BigInt(value).toString(16));
};
const pad_even = (digits) => `0x${digits.length % 2 ? "0" : ""}${digits}`;

/** A type 2 transfer's fields in order; `change` replaces any of them. */
export function dynamic_fee_fields(context, change = {}) {
    const fields = {
        chain_id: context.chain_id,
        nonce: context.nonce,
        tip: 1_000_000_000n,
        cap: 100_000_000_000n,
        gas: 21_000,
        to: context.to,
        value: 1n,
        data: "0x",
        access_list: [],
        ...change,
    };
    return [
        rlp_number(fields.chain_id),
        rlp_number(fields.nonce),
        rlp_number(fields.tip),
        rlp_number(fields.cap),
        rlp_number(fields.gas),
        fields.to,
        rlp_number(fields.value),
        fields.data,
        fields.access_list,
    ];
}

async function signature_of(context, digest, change) {
    const made = await sign({ hash: digest, privateKey: context.key });
    let s = hexToBigInt(made.s);
    let parity = made.yParity;
    if (change.high_s) {
        s = group_order - s;
        parity = 1 - parity;
    }
    return {
        parity: change.parity ?? parity,
        r: change.r ?? hexToBigInt(made.r),
        s: change.s ?? s,
    };
}

export async function typed(context, type, fields, change = {}) {
    const prefix = numberToHex(type, { size: 1 });
    const digest = keccak256(concatHex([prefix, toRlp(fields)]));
    const { parity, r, s } = await signature_of(context, digest, change);
    const all = [...fields, rlp_number(parity), rlp_number(r), rlp_number(s)];
    return concatHex([prefix, toRlp(change.fields ? change.fields(all) : all)]);
}

/** A type 2 transfer, wrong where `change` says so. */
export const dynamic_fee = (context, change = {}) =>
    typed(context, 2, dynamic_fee_fields(context, change), change);

export async function legacy(context, change = {}) {
    const fields = {
        nonce: context.nonce,
        price: 100_000_000_000n,
        gas: 21_000,
        to: context.to,
        value: 1n,
        data: "0x",
        ...change,
    };
    const list = [
        rlp_number(fields.nonce),
        rlp_number(fields.price),
        rlp_number(fields.gas),
        fields.to,
        rlp_number(fields.value),
        fields.data,
    ];
    const chain_id = "chain_id" in change ? change.chain_id : context.chain_id;
    const signed = chain_id === null ? list : [...list, rlp_number(chain_id), "0x", "0x"];
    const { parity, r, s } = await signature_of(context, keccak256(toRlp(signed)), change);
    const v = chain_id === null ? 27 + parity : BigInt(chain_id) * 2n + 35n + BigInt(parity);
    const all = [...list, rlp_number(change.v ?? v), rlp_number(r), rlp_number(s)];
    return toRlp(change.fields ? change.fields(all) : all);
}
