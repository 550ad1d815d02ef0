// Checks an answer of eth_getProof against a state root, from the yellow paper and EIP-1186 alone:
// no client library and none of the node's own code has a part in it.
import { fromRlp, hexToBytes, keccak256, toHex, toRlp } from "viem";

const nibbles_of = (bytes) => Array.from(bytes).flatMap((byte) => [byte >> 4, byte & 15]);
const same = (a, b) => a.length === b.length && a.every((item, index) => item === b[index]);

/** Hex-prefix encoding: the path's nibbles and whether a value ends it. [YP §App. C] */
function unpack_path(encoded) {
    const nibbles = nibbles_of(encoded);
    const is_leaf = (nibbles[0] & 2) !== 0;
    const is_odd = (nibbles[0] & 1) !== 0;
    return { is_leaf, path: nibbles.slice(is_odd ? 1 : 2) };
}

/**
 * The value's bytes that the proof leads to, or null for a proof of absence. Throws if it proves
 * nothing.
 */
export function value_in_trie(root, key, proof) {
    let path = nibbles_of(hexToBytes(keccak256(key)));
    let wanted = { hash: root };
    let used = 0;
    if (proof.length === 0) {
        if (root !== keccak256("0x80"))
            throw new Error("an empty proof for a trie that is not empty");
        return null;
    }
    for (;;) {
        let node;
        if (wanted.hash !== undefined) {
            if (used === proof.length) throw new Error("proof ends before the path does");
            const encoded = proof[used++];
            if (keccak256(encoded) !== wanted.hash)
                throw new Error(`node ${used - 1} has a wrong hash`);
            node = fromRlp(encoded, "bytes");
        } else {
            node = wanted.node; // shorter than 32 bytes: it stands in its parent itself
        }
        let child;
        if (node.length === 17) {
            if (path.length === 0) {
                if (used !== proof.length) throw new Error("nodes left over");
                return node[16].length ? node[16] : null;
            }
            child = node[path[0]];
            path = path.slice(1);
        } else {
            const { is_leaf, path: part } = unpack_path(node[0]);
            const matches = same(path.slice(0, part.length), part);
            if (is_leaf || !matches) {
                if (used !== proof.length) throw new Error("nodes left over");
                return is_leaf && same(path, part) ? node[1] : null;
            }
            child = node[1];
            path = path.slice(part.length);
        }
        if (Array.isArray(child)) wanted = { node: child };
        else if (child.length === 32) wanted = { hash: toHex(child) };
        else if (child.length === 0) {
            if (used !== proof.length) throw new Error("nodes left over");
            return null;
        } else throw new Error("a child is neither hash nor node");
    }
}

/** Throws unless `answer` (eth_getProof's) is proved by `state_root`. */
export function check_account_proof(answer, state_root) {
    const found = value_in_trie(state_root, answer.address, answer.accountProof);
    const is_empty = BigInt(answer.nonce) === 0n && BigInt(answer.balance) === 0n;
    if (found === null) {
        if (!is_empty) throw new Error("proof of absence for an account with a nonce or a balance");
        return;
    }
    const number = (value) => (BigInt(value) === 0n ? "0x" : toHex(BigInt(value)));
    const claimed = toRlp([
        number(answer.nonce),
        number(answer.balance),
        answer.storageHash,
        answer.codeHash,
    ]);
    if (toHex(found) !== claimed) throw new Error("the proved account is not the claimed one");
    for (const slot of answer.storageProof) {
        const value = value_in_trie(answer.storageHash, slot.key, slot.proof);
        const proved = value === null ? 0n : BigInt(toHex(fromRlp(value, "bytes")));
        if (proved !== BigInt(slot.value)) throw new Error(`slot ${slot.key} has another value`);
    }
}
